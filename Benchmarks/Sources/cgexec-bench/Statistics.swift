/// Numbers measured again and again.
struct Samples: Sendable {
    private(set) var values: [Double] = []

    init(_ values: [Double] = []) { self.values = values }

    mutating func add(_ value: Double) { values.append(value) }

    var median: Double { quantile(0.5) }

    /// Interpolated between the two nearest values.
    func quantile(_ part: Double) -> Double {
        let sorted = values.sorted()
        guard let last = sorted.indices.last else { return .nan }
        let place = part * Double(last)
        let below = Int(place)
        return sorted[below] + (sorted[min(below + 1, last)] - sorted[below]) * (place - Double(below))
    }

    /// What stands beside the median: the tenth and the ninetieth percentile.
    var spread: (low: Double, high: Double) { (quantile(0.1), quantile(0.9)) }

    /// Pair by pair: what was measured in one round had the same disturbances.
    static func / (left: Samples, right: Samples) -> Samples { Samples(zip(left.values, right.values).map { $0 / $1 }) }
    static func - (left: Samples, right: Samples) -> Samples { Samples(zip(left.values, right.values).map { $0 - $1 }) }
}
