import Foundation
import Testing

@testable import cgexec_pool

/// Axes, and the figures of a box.
@Suite struct PlotScaleTests {
    @Test(
        arguments: [
            (9.0, PlotQuantity.number, ["0", "2", "4", "6", "8", "10"], ""),
            (0.9, .seconds, ["0", "200", "400", "600", "800", "1000"], "ms"),
            (1, .number, ["0", "1"], ""), (3, .number, ["0", "1", "2", "3"], ""),
            (90, .seconds, ["0", "20", "40", "60", "80", "100"], "s"),
            (150, .seconds, ["0", "0.5", "1", "1.5", "2", "2.5"], "min"),
            (36_000, .seconds, ["0", "2", "4", "6", "8", "10"], "h"),
            (1_073_741_824, .bytes, ["0", "200", "400", "600", "800", "1000", "1200"], "MiB"),
            (0xC000_0000, .bytes, ["0", "0.5", "1", "1.5", "2", "2.5", "3"], "GiB"),
        ] as [(Double, PlotQuantity, [String], String)])
    func `the ticks of an axis are 1, 2 or 5 times a power of ten apart`(
        largest: Double, quantity: PlotQuantity, labels: [String], unit: String
    ) {
        let scale = PlotScale.linear(to: largest, quantity)
        #expect(scale.ticks.map(\.label) == labels && scale.unit == unit)
        #expect(scale.high >= largest && scale.low == 0)
    }

    @Test(
        arguments: [
            ([0.3, 7], ["0.2", "0.5", "1", "2", "5", "10"]), ([1, 1], ["1", "2"]), ([2, 5], ["2", "5"]),
            ([0.02, 900], ["0.1", "1", "10", "100", "1000"]), ([0, 4, 3], ["2", "5"]),
        ] as [([Double], [String])])
    func `a logarithmic axis has round ends, and ticks for people`(values: [Double], labels: [String]) {
        let scale = PlotScale.logarithmic(values, .seconds)
        #expect(scale.ticks.map(\.label) == labels && scale.unit == "s")
        for value in values where value > 0 { #expect((scale.low...scale.high).contains(value)) }
    }

    @Test func `positions go from one end to the other, and what lies beyond is at the end`() {
        let linear = PlotScale.linear(to: 10, .number)
        #expect([-1.0, 0, 5, 10, 11].map(linear.position) == [0, 0, 0.5, 1, 1])
        let logarithmic = PlotScale.logarithmic([1, 100], .seconds)
        #expect([0, 0.5, 1, 100, 1e9].map(logarithmic.position) == [0, 0, 0, 1, 1])
        #expect(abs(logarithmic.position(10) - 0.5) < 1e-12)
    }

    @Test(
        arguments: [[], [0], [.infinity], [1e300, 1e-300], [.leastNonzeroMagnitude], [1e17, 1e-9, 3]] as [[Double]])
    func `values as no measurement gives them have an axis, too`(values: [Double]) {
        for scale in [
            PlotScale.linear(to: values.max() ?? 0, .seconds), .logarithmic(values, .bytes), .fitting(values, .seconds),
            .time(to: values.max() ?? 0),
        ] {
            #expect(scale.low < scale.high && (1...20).contains(scale.ticks.count), "\(scale)")
            for value in values { #expect((0...1).contains(scale.position(value))) }
        }
    }

    @Test(
        arguments: [
            ([3.0], [3.0, 3, 3, 3, 3]), ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]), ([1, 2, 3, 4], [1, 1.75, 2.5, 3.25, 4]),
            ([1, 2, 3, 4, 100], [1, 2, 3, 4, 4]), ([-50, 2, 3, 4, 5], [2, 2, 3, 4, 5]),
        ] as [([Double], [Double])])
    func `a box has Tukey's figures`(values: [Double], figures: [Double]) {
        let box = PlotDistribution.Box(values)
        #expect([box.low, box.first, box.median, box.third, box.high] == figures)
    }

    @Test(arguments: [(0, 0), (1, 1), (400, 400), (401, 400), (10_000, 400)])
    func `of many values evenly chosen ones are drawn, the first and the last among them`(count: Int, drawn: Int) {
        let places = PlotQuantiles.places(count)
        #expect(places.count == drawn && places == places.sorted() && Set(places).count == drawn)
        #expect(places.first == (count > 0 ? 0 : nil) && places.last == (count > 0 ? count - 1 : nil))
    }
}
