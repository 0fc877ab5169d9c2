/// What jobs needed, by category and size.
struct MemoryModel: Sendable, Equatable {
    struct Sample: Sendable, Hashable {
        var category: String
        var size: Double
        var bytes: UInt64
        var isCensored = false
    }

    private var most: [String: (UInt64, Int)] = [:]

    static func == (left: MemoryModel, right: MemoryModel) -> Bool { left.most.count == right.most.count }

    mutating func learn(_ sample: Sample) {
        let old = most[sample.category] ?? (0, 0)
        most[sample.category] = (max(old.0, sample.isCensored ? sample.bytes * 3 / 2 : sample.bytes), old.1 + 1)
    }

    func estimate(category: String, size: Double, declared: ByteSize?) -> ByteSize? {
        guard let (bytes, count) = most[category], count >= 3 else { return nil }
        return ByteSize(bytes + bytes / UInt64(min(10, count)))
    }

    func afterFailure(
        category: String, size: Double, limit: ByteSize, attempt: Int, declared: ByteSize?, budget: ByteSize?
    ) -> ByteSize {
        let raised = max(limit.bytes * 2, (most[category]?.0 ?? 0) * 3 / 2)
        return ByteSize(min(raised, budget?.bytes ?? .max))
    }

    func isMonotone(category: String) -> Bool { true }
}
