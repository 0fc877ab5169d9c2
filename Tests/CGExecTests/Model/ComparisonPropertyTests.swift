import CGExec
import Support
import Testing

/// How often a comparison is wrong. Run again with CGEXEC_TESTS_SEED=N what failed with seed N.
@Suite struct ComparisonPropertyTests {
    private static let pairs = 10_000

    /// One in a thousand of 10,000 may be called changed, with five standard deviations of the binomial distribution.
    private static let tolerated = 10 + 5 * 3.16

    @Test(arguments: Noise.allCases)
    func `what did not change is not called changed`(_ noise: Noise) {
        let seed = SeededGenerator.newSeed()
        var generator = SeededGenerator(seed: seed)
        var (above, different) = (0, 0)
        for _ in 0..<Self.pairs {
            let deviation = Double.random(in: 0.005...0.02, using: &generator)
            let (before, after) = (pair(noise, deviation, &generator), pair(noise, deviation, &generator))
            let usual = Comparison(before: before, after: after)
            let strict = Comparison(before: before, after: after, threshold: 0)
            if usual?.isRegression == true || usual?.isImprovement == true { above += 1 }
            if strict?.isRegression == true || strict?.isImprovement == true { different += 1 }
        }
        #expect(above <= Self.pairs / 1000, "CGEXEC_TESTS_SEED=\(seed)")
        #expect(Double(different) <= Self.tolerated, "CGEXEC_TESTS_SEED=\(seed)")
    }

    private func pair(_ noise: Noise, _ deviation: Double, _ generator: inout SeededGenerator) -> [Double] {
        noise.figures(.random(in: 5...20, using: &generator), around: 3.7, deviation: deviation, &generator)
    }

    /// The bound on Welch's degrees of freedom is there for sets like these.
    @Test func `a few runs against many are held to the same`() {
        let seed = SeededGenerator.newSeed()
        var generator = SeededGenerator(seed: seed)
        var different = 0
        for _ in 0..<Self.pairs {
            let few = Noise.normal.figures(5, around: 1, deviation: 0.01, &generator)
            let many = Noise.normal.figures(20, around: 1, deviation: 0.01, &generator)
            let comparison = Comparison(before: few, after: many, threshold: 0)
            if comparison?.finding == .regression || comparison?.finding == .improvement { different += 1 }
        }
        #expect(Double(different) <= Self.tolerated, "CGEXEC_TESTS_SEED=\(seed)")
    }

    @Test(arguments: [Noise.normal, .logNormal])
    func `ten runs show that a program became 10 % slower, with 2 % of noise`(_ noise: Noise) {
        let seed = SeededGenerator.newSeed()
        var generator = SeededGenerator(seed: seed)
        var found = 0
        for _ in 0..<Self.pairs {
            let before = noise.figures(10, around: 1, deviation: 0.02, &generator)
            let after = noise.figures(10, around: 1.1, deviation: 0.02, &generator)
            if Comparison(before: before, after: after)?.isRegression == true { found += 1 }
        }
        #expect(found >= Self.pairs * 99 / 100, "CGEXEC_TESTS_SEED=\(seed)")
    }
}
