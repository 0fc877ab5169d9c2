/// What the jobs of each category were seen to need, and what the next one should get.
///
/// A reservation that is too small costs the whole run, and for a benchmark the measurement with it; one that is too
/// large costs what lies idle. So an estimate starts from the most that was ever seen for such a job, and adds a margin
/// that follows how much the category was seen to vary: the typical distance of a run from the top. Where the top is
/// flat, as with a heap of a fixed size, the margin is small.
///
/// A category is whatever the caller calls one: jobs of other programs, CPUs or hosts belong in other categories.
package struct MemoryModel: Sendable, Equatable, Codable {
    /// What one attempt showed.
    package struct Sample: Sendable, Equatable {
        /// Which jobs it resembles.
        package var category: String
        /// How heavy it was among them; 0 when unknown.
        package var size: Double
        /// What it needed at its peak.
        package var bytes: UInt64
        /// Whether it ended at its limit, so that it needs more than `bytes`.
        package var isCensored: Bool

        /// A sample.
        package init(category: String, size: Double = 0, bytes: UInt64, isCensored: Bool = false) {
            self.category = category
            self.size = size
            self.bytes = bytes
            self.isCensored = isCensored
        }
    }

    private var categories: [String: MemoryHistory] = [:]

    /// A model that knows nothing.
    package init() {}

    /// Takes in what an attempt showed.
    ///
    /// Not for attempts that were frozen, reclaimed or ended for a neighbour: their peaks say nothing.
    package mutating func learn(_ sample: Sample) {
        let size = Self.known(sample.size)
        if sample.isCensored {
            categories[sample.category, default: MemoryHistory()].learnBound(size: size, bytes: Double(sample.bytes))
        } else {
            categories[sample.category, default: MemoryHistory()].learn(size: size, bytes: Double(sample.bytes))
        }
    }

    /// What a job should get, or nil when nothing is known: then it is what was declared.
    ///
    /// As long as no job of the category needed more than `declared`, the estimate is not above it: who declares a need
    /// never waits for more memory than without the model.
    package func estimate(category: String, size: Double, declared: ByteSize?) -> ByteSize? {
        guard let history = categories[category] else { return nil }
        let declaration = declared.map { Double($0.bytes) }
        var bytes: Double?
        if let learned = history.estimate(size: Self.known(size)) {
            bytes = max(learned, Self.least)
            if let declaration, history.highest <= declaration { bytes = min(max(learned, Self.least), declaration) }
        }
        // A job that ended at its limit, and of which no more is known, is told what its own next attempt would be.
        if let bound = history.bound(size: Self.known(size)) {
            let next = Self.next(after: bound, highest: history.highest, declared: declaration)
            bytes = max(bytes ?? next, next)
        }
        return bytes.map(Self.rounded)
    }

    /// What a job should get for its next attempt after one that ended at `limit`: what was declared if that is clearly
    /// more, else at least the double; from the second time on all there is.
    /// - Parameter attempt: how many attempts ended so, from 1.
    package func afterFailure(
        category: String, size: Double, limit: ByteSize, attempt: Int, declared: ByteSize?, budget: ByteSize?
    ) -> ByteSize {
        if attempt > 1, let budget { return budget }
        let next = Self.rounded(
            Self.next(
                after: Double(limit.bytes), highest: categories[category]?.highest ?? 0,
                declared: declared.map { Double($0.bytes) }))
        return budget.map { min($0, next) } ?? next
    }

    /// Whether larger jobs of the category need no less: false once a larger size was seen to need less than 90 % of what
    /// a smaller one did. Where it is false, what ended one job tells nothing of a larger one.
    package func isMonotone(category: String) -> Bool { categories[category]?.isMonotone ?? true }

    /// No reservation is smaller: what a few shared libraries, page tables and pipes need varies, however small a
    /// program is.
    private static let least = 0x1p26

    /// A declaration counts after a failure when it is so many times the limit that was not enough.
    private static let clearly = 1.25

    private static func next(after limit: Double, highest: Double, declared: Double?) -> Double {
        if let declared, declared >= limit * clearly { return declared }
        return max(1.5 * highest, 2 * limit)
    }

    /// The size, or nil when it is unknown or no size at all.
    private static func known(_ size: Double) -> Double? { size > 0 && size < 0x1p64 ? size : nil }

    /// Rounded up to whole MiB.
    private static func rounded(_ bytes: Double) -> ByteSize {
        .mib(UInt64(min((bytes / 0x1p20).rounded(.up), 0x1p43)))
    }
}
