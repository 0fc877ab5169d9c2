/// What several figures of one kind say together, such as the CPU times of a job that was repeated. Their unit is that
/// of the figures. No figure is left out; those that are far from the others are named.
public struct Statistics: Sendable, Hashable {
    /// How many figures there are, at least 1.
    public let count: Int
    /// Their arithmetic mean.
    public let mean: Double
    /// The middle one, or the mean of the two in the middle.
    public let median: Double
    /// The least.
    public let min: Double
    /// The greatest.
    public let max: Double
    /// The sample's standard deviation, with n - 1; nil for a single figure, of which nobody knows how much it varies.
    public let standardDeviation: Double?
    /// The places, from 0, of figures that are far from the others: to be looked at, not to be left out, for every eighth
    /// set of ten normal figures has one. Of fewer than four none is named.
    ///
    /// A figure is far where its modified z-score, 0.6745 times its distance from the median over the median of all these
    /// distances, is above 3.5 (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993). Where half of the figures
    /// are the same that median is 0; then far is beyond the outer fences, three interquartile ranges from the quartiles
    /// (Tukey, Exploratory Data Analysis, 1977).
    public let outliers: [Int]

    /// Nil where there is no figure, or one that is no finite number.
    public init?(_ figures: [Double]) {
        guard !figures.isEmpty, figures.allSatisfy(\.isFinite) else { return nil }
        let sorted = figures.sorted()
        count = figures.count
        (min, max) = (sorted[0], sorted[count - 1])
        median = Self.quantile(sorted, 0.5)
        mean = Self.mean(figures)
        standardDeviation = Self.variance(figures).map { $0.squareRoot() }
        outliers = Self.outliers(figures, sorted)
    }

    /// Where the mean of all runs there could be lies, with this confidence: mean ± t · s / √n, with Student's t of n - 1
    /// degrees of freedom (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.2). It supposes that the figures are
    /// independent and about normal.
    /// - Parameter confidence: above 0 and below 1.
    /// - Returns: nil for a single figure.
    public func interval(confidence: Double = 0.95) -> ClosedRange<Double>? {
        guard let half = halfWidth(confidence: confidence) else { return nil }
        return mean - half...mean + half
    }

    /// Half of the width of `interval`.
    package func halfWidth(confidence: Double) -> Double? {
        guard let standardDeviation, let student = StudentT(degreesOfFreedom: Double(count - 1)) else { return nil }
        let half = student.quantile((1 + confidence) / 2) * standardDeviation / Double(count).squareRoot()
        return half.isFinite && half >= 0 ? half : nil
    }

    /// Figures that are all the same have exactly this mean, which a sum divided by their number may miss.
    static func mean(_ figures: [Double]) -> Double {
        var mean = 0.0
        for (index, figure) in figures.enumerated() { mean += (figure - mean) / Double(index + 1) }
        return mean
    }

    /// The sample's variance, with n - 1; nil for a single figure.
    static func variance(_ figures: [Double]) -> Double? {
        guard figures.count > 1 else { return nil }
        let mean = mean(figures)
        let squares = figures.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return squares.isFinite ? squares / Double(figures.count - 1) : nil
    }

    /// A quantile of sorted figures, between two of them in proportion: definition 7 of Hyndman and Fan (1996), that of R,
    /// NumPy and spreadsheets.
    private static func quantile(_ sorted: [Double], _ part: Double) -> Double {
        let place = part * Double(sorted.count - 1)
        let below = Int(place)
        let above = Swift.min(below + 1, sorted.count - 1)
        let share = place - Double(below)
        return sorted[below] * (1 - share) + sorted[above] * share
    }

    private static func outliers(_ figures: [Double], _ sorted: [Double]) -> [Int] {
        guard figures.count >= 4 else { return [] }
        let median = quantile(sorted, 0.5)
        let distances = figures.map { ($0 - median).magnitude }
        let typical = quantile(distances.sorted(), 0.5)
        if typical > 0 { return figures.indices.filter { 0.6745 * distances[$0] > 3.5 * typical } }
        let (lower, upper) = (quantile(sorted, 0.25), quantile(sorted, 0.75))
        let reach = 3 * (upper - lower)
        return figures.indices.filter { figures[$0] < lower - reach || figures[$0] > upper + reach }
    }
}
