/// How long jobs took, by category: the longest counts, since what is expected too early delays others.
struct TimeModel: Sendable {
    private var longest: [String: Duration] = [:]

    mutating func learn(_ category: String?, _ duration: Duration) {
        guard let category else { return }
        longest[category] = max(longest[category] ?? .zero, duration)
    }

    /// How long a job is expected to take at most; nil when nobody can tell.
    func expectation(for demand: Demand) -> Duration? {
        let seen = demand.category.flatMap { longest[$0] }
        guard let seen, let timeout = demand.timeout else { return seen ?? demand.timeout }
        return min(seen, timeout)
    }
}
