import CGExec
import Testing

@Suite struct ComparisonTests {
    private static let before = [1.00, 1.02, 0.99, 1.01, 1.00]
    private static let after = [1.11, 1.10, 1.13, 1.09, 1.12, 1.10]

    /// By SciPy 1.17: `ttest_ind(log(after), log(before), equal_var=False).confidence_interval(0.999)`, whose degrees of
    /// freedom, 8.98, are more than two sets of five have, 8: so with Student's t of 8 instead.
    @Test func `the interval is Welch's, with no more degrees than two of the smaller set have`() throws {
        let comparison = try #require(Comparison(before: Self.before, after: Self.after))
        let interval = try #require(comparison.interval)
        #expect((comparison.ratio - 1.1038935713094).magnitude < 1e-9)
        #expect(
            (interval.lowerBound - 1.0633765767219).magnitude < 1e-9
                && (interval.upperBound - 1.145954352817).magnitude < 1e-9)
        #expect(comparison.finding == .regression && comparison.isRegression && !comparison.isImprovement)
    }

    /// By SciPy, as above: here Welch's degrees are 3.00.
    @Test func `sets that vary by different amounts`() throws {
        let comparison = try #require(
            Comparison(before: [2, 2.5, 3, 2.2], after: [2.1, 2.11, 2.09, 2.1], confidence: 0.95))
        let interval = try #require(comparison.interval)
        #expect((comparison.ratio - 0.87616993718826).magnitude < 1e-9)
        #expect(
            (interval.lowerBound - 0.66287932012098).magnitude < 1e-9
                && (interval.upperBound - 1.1580897691791).magnitude < 1e-9)
        #expect(comparison.finding == .unclear)
    }

    @Test func `the other way round it is an improvement`() throws {
        let comparison = try #require(Comparison(before: Self.after, after: Self.before))
        let forth = try #require(Comparison(before: Self.before, after: Self.after))
        #expect(comparison.finding == .improvement && comparison.isImprovement && !comparison.isRegression)
        #expect((comparison.ratio * forth.ratio - 1).magnitude < 1e-12)
    }

    @Test(
        arguments: [
            ([1, 1, 1], [1, 1, 1], .same), ([1, 1, 1], [1.02, 1.02, 1.02], .same),
            ([1, 1], [1.04, 1.04], .regression),
            ([1.04, 1.04], [1, 1], .improvement), ([1, 1.001, 0.999, 1], [1.001, 1, 1, 0.999], .same),
            ([1, 2], [1, 2], .unclear), ([1], [2, 2, 2], .tooFew), ([1, 1, 1], [2], .tooFew),
        ] as [([Double], [Double], Comparison.Finding)])
    func `what can be said`(_ before: [Double], _ after: [Double], _ finding: Comparison.Finding) throws {
        let comparison = try #require(Comparison(before: before, after: after))
        #expect(comparison.finding == finding)
        #expect((comparison.interval == nil) == (finding == .tooFew))
        #expect(comparison.isRegression == (finding == .regression))
        #expect(comparison.isImprovement == (finding == .improvement))
    }

    @Test func `a change below the threshold is none that matters`() throws {
        let comparison = try #require(Comparison(before: Self.before, after: Self.after, threshold: 0.2))
        #expect(comparison.finding == .same)
        let strict = try #require(Comparison(before: Self.before, after: Self.after, threshold: 0))
        #expect(strict.finding == .regression)
    }

    @Test(
        arguments: [([], [1, 1]), ([1, 1], []), ([0, 1], [1, 1]), ([1, 1], [1, -1]), ([1, .infinity], [1, 1])]
            as [([Double], [Double])])
    func `nothing is so many times 0, or nothing`(_ before: [Double], _ after: [Double]) {
        #expect(Comparison(before: before, after: after) == nil)
    }
}
