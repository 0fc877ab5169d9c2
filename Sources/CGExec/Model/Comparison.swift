import Glibc

/// Whether the figures of a job changed, from one set of runs to another: CPU times before and after a commit, for example.
///
/// What is compared is the ratio of the geometric means, because noise of programs is in proportion to how long they take.
/// Its interval is that of Welch's t on the logarithms, which lets both sets vary by different amounts (Welch, Biometrika 34,
/// 1947; NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.3).
public struct Comparison: Sendable, Hashable {
    /// What can be said.
    public enum Finding: String, Sendable, Hashable {
        /// The figures grew by more than the threshold.
        case regression
        /// They shrank by more than the threshold.
        case improvement
        /// They changed by less than the threshold.
        case same
        /// There may be a change, or none: more runs, or quieter ones, would tell.
        case unclear
        /// Fewer than two runs on a side: nobody knows how much they vary.
        case tooFew
    }

    /// The geometric mean after, over that before.
    public let ratio: Double
    /// Where the ratio of all runs there could be lies, with this confidence; nil with fewer than two figures on a side.
    /// Figures that do not vary at all make it a point.
    public let interval: ClosedRange<Double>?
    /// The part of cases, such as 0.999, in which the interval has the true ratio in it.
    public let confidence: Double
    /// The change from which on it matters, 0.03 for 3 %. Downwards it is as far as upwards: from 1 to 1 / 1.03.
    public let threshold: Double

    /// Compares two sets of figures of one kind and unit.
    /// - Parameters:
    ///   - confidence: above 0 and below 1.
    ///   - threshold: 0 or more.
    /// - Returns: nil where a side has no figure, or one that is not above 0 and finite: nothing is so many times 0. A CPU
    ///   time of 0 is below what the kernel's clock can tell.
    public init?(before: [Double], after: [Double], confidence: Double = 0.999, threshold: Double = 0.03) {
        guard !before.isEmpty, !after.isEmpty, (before + after).allSatisfy({ $0 > 0 && $0.isFinite }) else {
            return nil
        }
        self.confidence = confidence
        self.threshold = threshold
        let (old, new) = (before.map(log), after.map(log))
        let shift = Statistics.mean(new) - Statistics.mean(old)
        ratio = exp(shift)
        interval = Self.halfWidth(old, new, confidence).map { exp(shift - $0)...exp(shift + $0) }
    }

    /// Whether the figures grew by more than the threshold: the whole interval is above 1 + threshold. Never without one.
    public var isRegression: Bool { interval.map { $0.lowerBound > 1 + threshold } ?? false }

    /// Whether the figures shrank by more than the threshold: the whole interval is below 1 / (1 + threshold).
    public var isImprovement: Bool { interval.map { $0.upperBound < 1 / (1 + threshold) } ?? false }

    /// What can be said.
    public var finding: Finding {
        guard let interval else { return .tooFew }
        if isRegression { return .regression }
        if isImprovement { return .improvement }
        let isWithin = interval.lowerBound >= 1 / (1 + threshold) && interval.upperBound <= 1 + threshold
        return isWithin ? .same : .unclear
    }

    private static func halfWidth(_ old: [Double], _ new: [Double], _ confidence: Double) -> Double? {
        guard let oldVariance = Statistics.variance(old), let newVariance = Statistics.variance(new) else { return nil }
        let (oldPart, newPart) = (oldVariance / Double(old.count), newVariance / Double(new.count))
        let sum = oldPart + newPart
        let (oldShare, newShare) = (oldPart / sum, newPart / sum)
        // Satterthwaite's degrees of freedom.
        let welch =
            1 / (oldShare * oldShare / Double(old.count - 1) + newShare * newShare / Double(new.count - 1))
        // A small set beside a large one may vary little by chance. Then Welch counts the degrees of the large one, and has
        // three times the false alarms that it should at 5 runs against 20. Two sets of the small one's size have no more
        // than these degrees, and to have more runs on one side cannot be a reason to be less sure; it costs no power.
        let degrees = Swift.min(welch, Double(2 * (Swift.min(old.count, new.count) - 1)))
        guard let student = StudentT(degreesOfFreedom: degrees) else { return 0 }
        return student.quantile((1 + confidence) / 2) * sum.squareRoot()
    }
}
