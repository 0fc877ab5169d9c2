import Foundation
import Support
import Testing

@testable import CGExec

@Suite struct MemoryModelPropertyTests {
    /// Samples of a category whose need depends on the size in one of several ways, or not at all.
    static func samples(
        _ count: Int, of program: ProgramVersion? = nil, using random: inout SeededGenerator
    ) -> [MemoryModel.Sample] {
        let slope = Double.random(in: 0...3, using: &random)
        let noise: Double = [0, 0.01, 0.3, 3].randomElement(using: &random) ?? 0
        let unknown = Int.random(in: 0...3, using: &random) == 0 ? 0.2 : 0
        var samples: [MemoryModel.Sample] = []
        for _ in 0..<count {
            let size = (Double.random(in: 1...20, using: &random) * 8).rounded() / 8
            let varies = 100 * noise * Double.random(in: 0...1, using: &random)
            let mebibytes = 100 + slope * size * 50 + varies
            let isUnknown = Double.random(in: 0..<1, using: &random) < unknown
            let isCensored = Int.random(in: 0..<20, using: &random) == 0
            samples.append(
                .init(
                    category: "c", program: program, size: isUnknown ? 0 : size, bytes: UInt64(mebibytes * 0x1p20),
                    isCensored: isCensored))
        }
        return samples
    }

    /// Run again with CGEXEC_TESTS_SEED=N what failed with seed N.
    @Test func `an estimate is never below what a smaller or equal job was seen to need`() {
        let seed = SeededGenerator.newSeed()
        var random = SeededGenerator(seed: seed)
        var asked = 0
        for _ in 0..<300 {
            var model = MemoryModel()
            var seen: [MemoryModel.Sample] = []
            for sample in Self.samples(Int.random(in: 1...60, using: &random), using: &random) {
                model.learn(sample)
                seen.append(sample)
                let size = (Double.random(in: 0...25, using: &random) * 8).rounded() / 8
                let needed = seen.filter { size == 0 || ($0.size > 0 && $0.size <= size) && !$0.isCensored }
                guard let most = needed.map(\.bytes).max() else { continue }
                let estimate = model.estimate(category: "c", size: size, declared: nil)
                #expect(estimate.map { $0.bytes >= most } == true, "CGEXEC_TESTS_SEED=\(seed)")
                asked += 1
            }
        }
        #expect(asked > 3000)
    }

    @Test func `inside the sizes seen an estimate is at most the highest with its margin`() {
        let seed = SeededGenerator.newSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var model = MemoryModel()
            let samples = Self.samples(40, using: &random).filter { !$0.isCensored }
            samples.forEach { model.learn($0) }
            guard let highest = samples.map(\.bytes).max(), let largest = samples.map(\.size).max() else { continue }
            let size = Double.random(in: 0...largest, using: &random)
            let most = ByteSize(UInt64(Double(highest) * 1.1) + 1 << 20)
            #expect(
                model.estimate(category: "c", size: size, declared: nil).map { $0 <= most } == true,
                "CGEXEC_TESTS_SEED=\(seed)")
        }
    }

    @Test func `the same samples make the same model`() {
        let seed = SeededGenerator.newSeed()
        var random = SeededGenerator(seed: seed)
        var model = MemoryModel()
        var other = MemoryModel()
        for sample in Self.samples(500, using: &random) {
            model.learn(sample)
            other.learn(sample)
        }
        #expect(model == other)
        other.learn(.init(category: "c", bytes: 1))
        #expect(model != other)
    }
}

@Suite struct FrontierTests {
    @Test func `while there are few points it is exact`() {
        let seed = SeededGenerator.newSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var frontier = Frontier()
            var all: [Frontier.Point] = []
            for _ in 0..<60 {
                let point = Frontier.Point(
                    size: Double(Int.random(in: -20...20, using: &random)),
                    value: Double(Int.random(in: -50...50, using: &random)))
                frontier.insert(size: point.size, value: point.value)
                all.append(point)
                let size = Double(Int.random(in: -22...22, using: &random))
                #expect(
                    frontier.highest(upTo: size) == all.filter { $0.size <= size }.map(\.value).max(),
                    "CGEXEC_TESTS_SEED=\(seed)")
                #expect(
                    frontier.highest(below: size) == all.filter { $0.size < size }.map(\.value).max(),
                    "CGEXEC_TESTS_SEED=\(seed)")
            }
        }
    }

    @Test(arguments: [(1.0, 0.5), (-1.0, 0.5), (1.0, 1e15), (1.0, 1e-12)])
    func `of many points it is bounded, and never too low`(_ sign: Double, _ step: Double) throws {
        var random = SeededGenerator(seed: 3)
        var frontier = Frontier()
        var most = 0
        var all: [Frontier.Point] = []
        for number in 1...5000 {
            let size = sign > 0 ? Double(number) * step : -Double(5001 - number) * step
            let point = Frontier.Point(size: size, value: Double(number))
            frontier.insert(size: point.size, value: point.value)
            all.append(point)
            most = max(most, frontier.points.count)
        }
        #expect(most == Frontier.most)
        for point in all.shuffled(using: &random).prefix(500) {
            let highest = try #require(frontier.highest(upTo: point.size))
            #expect(highest >= point.value)
            // The neighbours that were joined are within a 16th of their size.
            #expect(step < 1e-9 || sign < 0 || highest <= point.value * 17 / 16 + 1)
        }
    }
}
