import CGExec
import Testing

@Suite struct StatisticsTests {
    /// The ten heat flow meter readings that come first in NIST's data set ZARR13; mean, deviation and interval by SciPy 1.17.
    private static let readings = [
        9.206343, 9.299992, 9.277895, 9.305795, 9.275351, 9.288729, 9.287239, 9.260973, 9.303111, 9.275674,
    ]

    @Test func `the figures of a sample`() throws {
        let statistics = try #require(Statistics(Self.readings))
        #expect(statistics.count == 10 && statistics.min == 9.206343 && statistics.max == 9.305795)
        #expect((statistics.mean - 9.2781102).magnitude < 1e-12)
        #expect((statistics.median - 9.282567).magnitude < 1e-12)
        #expect((try #require(statistics.standardDeviation) - 0.028914057349324).magnitude < 1e-12)
        let interval = try #require(statistics.interval())
        #expect((interval.lowerBound - 9.2574263293955).magnitude < 1e-9)
        #expect((interval.upperBound - 9.2987940706045).magnitude < 1e-9)
        let wider = try #require(statistics.interval(confidence: 0.999))
        #expect(wider.lowerBound < interval.lowerBound && wider.upperBound > interval.upperBound)
    }

    @Test func `a single figure has no deviation and no interval`() throws {
        let statistics = try #require(Statistics([2.5]))
        #expect(statistics.count == 1 && statistics.mean == 2.5 && statistics.median == 2.5)
        #expect(statistics.standardDeviation == nil && statistics.interval() == nil && statistics.outliers == [])
    }

    @Test(arguments: [[], [.nan], [1, .infinity], [-.infinity, 0]] as [[Double]])
    func `nothing, and what is no number, has none`(_ figures: [Double]) {
        #expect(Statistics(figures) == nil)
    }

    @Test func `figures that are all the same have exactly their mean`() throws {
        let statistics = try #require(Statistics([0.1, 0.1, 0.1]))
        #expect(statistics.mean == 0.1 && statistics.standardDeviation == 0 && statistics.interval() == 0.1...0.1)
    }

    @Test func `the order does not matter but for the places of outliers`() throws {
        let statistics = try #require(Statistics([3, 1, 2, 4]))
        #expect(statistics.mean == 2.5 && statistics.median == 2.5 && statistics.min == 1 && statistics.max == 4)
    }

    @Test(
        arguments: [
            ([10, 11, 10.5, 9.5, 10.2, 30], [5]), ([1, 30, 31, 29, 30.5, 100], [0, 5]), ([1, 2, 3, 4, 5, 6], []),
            // Distances 1, 1, 0, 1, d from the median 3: the bound is 3.5 / 0.6745 = 5.189 of them.
            ([2, 4, 3, 2, 8.18], []), ([2, 4, 3, 2, 8.2], [4]),
            // Half are the same: the median of the distances is 0, the quartiles are 5 and 6, the fences 2 and 9.
            ([5, 5, 5, 5, 5, 6, 6, 9], []), ([5, 5, 5, 5, 5, 6, 6, 9.1], [7]),
            ([7, 7, 7, 7, 7.1], [4]), ([7, 7, 7, 7], []), ([1, 1, 100], []),
        ] as [([Double], [Int])])
    func `what is far from the others is named`(_ figures: [Double], _ outliers: [Int]) throws {
        #expect(try #require(Statistics(figures)).outliers == outliers)
    }
}
