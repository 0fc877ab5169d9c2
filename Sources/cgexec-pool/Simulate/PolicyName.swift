import CGExec

/// The name of a policy, such as `learned` or `max-1.10`.
enum PolicyName: Hashable, Sendable {
    case declared
    case learned
    case perfect
    case pyexpool
    case percentile
    case regression
    case leastWaste
    case highest(margin: Double)
    case highestByCount(margin: Double)

    /// Those that are compared unless some are chosen.
    static let usual: [PolicyName] =
        [.declared, .learned, .perfect, .percentile, .regression, .leastWaste]
        + [0, 0.05, 0.10, 0.15, 0.20, 0.30].map(PolicyName.highest)
        + [0.05, 0.10, 0.20].map(PolicyName.highestByCount)

    /// Those that can have a whole pool, and are compared then.
    static let pools: [PolicyName] = [.declared, .learned, .perfect, .pyexpool]

    private static let plain: [(text: String, name: PolicyName)] = [
        ("declared", .declared), ("learned", .learned), ("perfect", .perfect), ("pyexpool", .pyexpool),
        ("p95", .percentile),
        ("witt", .regression), ("tovar", .leastWaste),
    ]

    /// What may be written, for people.
    static func expected(sequential: Bool) -> String {
        guard sequential else { return pools.map(\.description).joined(separator: ", ") }
        let texts = plain.filter { $0.name != .pyexpool }.map(\.text).joined(separator: ", ")
        return texts + ", max-FACTOR such as max-1.10, or max-n-FACTOR"
    }

    /// Nil for a word that is no name.
    init?(_ text: String) {
        if let (_, name) = Self.plain.first(where: { $0.text == text }) {
            self = name
        } else if text.hasPrefix("max-n-"), let margin = Self.margin(text.dropFirst(6)) {
            self = .highestByCount(margin: margin)
        } else if text.hasPrefix("max-"), let margin = Self.margin(text.dropFirst(4)) {
            self = .highest(margin: margin)
        } else {
            return nil
        }
    }

    /// 0.1 for `1.10`.
    private static func margin(_ text: Substring) -> Double? {
        guard let factor = Double(text), (1...100).contains(factor) else { return nil }
        return Double((factor * 1000).rounded() - 1000) / 1000
    }

    /// The policy for one job after another, before it has seen anything; nil for what is a whole pool.
    func policy(memory: ByteSize) -> (any MemoryPolicy)? {
        switch self {
        case .pyexpool: nil
        case .declared: DeclaredPolicy()
        case .learned: LearnedPolicy(memory: memory)
        case .perfect: PerfectPolicy()
        case .percentile: PercentilePolicy()
        case .regression: RegressionPolicy()
        case .leastWaste: LeastWastePolicy()
        case .highest(let margin): HighestPolicy(margin: margin, followsCount: false)
        case .highestByCount(let margin): HighestPolicy(margin: margin, followsCount: true)
        }
    }
}

extension PolicyName: CustomStringConvertible {
    var description: String {
        switch self {
        case .highest(let margin): "max-" + fixed(1 + margin, places: 2)
        case .highestByCount(let margin): "max-n-" + fixed(1 + margin, places: 2)
        default: Self.plain.first { $0.name == self }?.text ?? ""
        }
    }
}
