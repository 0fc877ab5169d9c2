@testable import CGExec
import Support
import Testing

@Suite struct AdaptiveTests {
    @Test(
        arguments: [
            ([], .again), ([1, 1, 1], .again), ([1, 1, 1, 1], .precise), ([1, 2, 1, 2], .again),
            ([1, 2, 1, 2, 1, 2], .most), ([1, 2, 1, 2, 1, 2, 1], .most), ([1, 2, 3, .nan], .again),
            ([0, 0, 0, 0], .precise),
        ] as [([Double], Adaptive.Decision)])
    func `it stops when the mean is known, or at the greatest number`(_ figures: [Double], _ is: Adaptive.Decision) {
        var adaptive = Adaptive()
        (adaptive.least, adaptive.most) = (4, 6)
        #expect(adaptive.decision(after: figures) == `is`)
    }

    @Test func `a single run tells nothing of how exact it is`() {
        var adaptive = Adaptive()
        adaptive.least = 1
        #expect(adaptive.decision(after: [1]) == .again && adaptive.decision(after: [1, 1]) == .precise)
    }

    /// Noise of 0.5 % stops at the least number; at 5 % it takes 25 runs, and chance has a say in when.
    @Test(arguments: [0.005, 0.05], [Noise.normal, .logNormal])
    func `the interval holds about as often as it says`(_ deviation: Double, _ noise: Noise) throws {
        let seed = SeededGenerator.newSeed()
        var generator = SeededGenerator(seed: seed)
        let adaptive = Adaptive()
        let trials = 4_000
        var (held, runs) = (0, 0)
        for _ in 0..<trials {
            var figures = noise.figures(adaptive.least, around: 1, deviation: deviation, &generator)
            while adaptive.decision(after: figures) == .again {
                figures += noise.figures(1, around: 1, deviation: deviation, &generator)
            }
            runs += figures.count
            // The mean of a log-normal figure is e to half its variance: 1.00125 at most here.
            let truth = noise == .logNormal ? 1 + deviation * deviation / 2 : 1
            let interval = try #require(Statistics(figures)?.interval(confidence: adaptive.confidence))
            if interval.contains(truth) { held += 1 }
        }
        #expect(
            held >= trials * 92 / 100, "CGEXEC_TESTS_SEED=\(seed): \(held) of \(trials), \(runs / trials) runs each")
    }
}
