/// What the jobs of each category were seen to need, and what the next one should get.
///
/// A reservation that is too small costs the whole run, and for a benchmark the measurement with it; one that is too
/// large costs what lies idle. So an estimate starts from the most that was ever seen for such a job, and adds a margin
/// that follows how much the category was seen to vary: the typical distance of a run from the top. Where the top is
/// flat, as with a heap of a fixed size, the margin is small.
///
/// A category is whatever the caller calls one: jobs of other CPUs or hosts belong in other categories. Where the program
/// is told, each program of a category is a category of its own.
package struct MemoryModel: Sendable, Equatable {
    /// What one attempt showed.
    package struct Sample: Sendable, Hashable {
        /// Which jobs it resembles.
        package var category: String
        /// Its program, where that makes a difference.
        package var program: ProgramVersion?
        /// How heavy it was among them; 0 when unknown.
        package var size: Double
        /// What it needed at its peak.
        package var bytes: UInt64
        /// Whether it ended at its limit, so that it needs more than `bytes`.
        package var isCensored: Bool

        /// A sample.
        package init(
            category: String, program: ProgramVersion? = nil, size: Double = 0, bytes: UInt64, isCensored: Bool = false
        ) {
            self.category = category
            self.program = program
            self.size = size
            self.bytes = bytes
            self.isCensored = isCensored
        }
    }

    /// Whose jobs learn from each other.
    struct Key: Hashable {
        var category: String
        var digest: String?

        init(_ category: String, _ program: ProgramVersion?) {
            self.category = category
            digest = program?.digest
        }
    }

    private var histories: [Key: MemoryHistory] = [:]

    /// A model that knows nothing.
    package init() {}

    /// Takes in what an attempt showed.
    ///
    /// Not for attempts that were frozen, reclaimed or ended for a neighbour: their peaks say nothing.
    package mutating func learn(_ sample: Sample) {
        histories[Key(sample.category, sample.program), default: MemoryHistory()].learn(sample)
    }

    /// Takes over what is known of a program in a category, in place of what was.
    mutating func adopt(_ history: MemoryHistory, category: String, program: ProgramVersion) {
        histories[Key(category, program)] = history
    }

    /// What a job should get, or nil when nothing is known: then it is what was declared.
    ///
    /// As long as no job of the category needed more than `declared`, the estimate is not above it: who declares a need
    /// never waits for more memory than without the model.
    package func estimate(
        category: String, program: ProgramVersion? = nil, size: Double, declared: ByteSize?
    ) -> ByteSize? {
        histories[Key(category, program)].flatMap { Self.estimate($0, size: size, declared: declared) }
    }

    /// What a job with this history should get.
    static func estimate(_ history: MemoryHistory, size: Double, declared: ByteSize?) -> ByteSize? {
        let declaration = declared.map { Double($0.bytes) }
        var bytes: Double?
        if let learned = history.estimate(size: known(size)) {
            bytes = max(learned, least)
            if let declaration, history.highest <= declaration { bytes = min(max(learned, least), declaration) }
        }
        // A job that ended at its limit, and of which no more is known, is told what its own next attempt would be.
        if let bound = history.bound(size: known(size)) {
            let next = next(after: bound, highest: history.highest, declared: declaration)
            bytes = max(bytes ?? next, next)
        }
        return bytes.map(rounded)
    }

    /// What a typical job of this size needs, or nil when nothing is known: half of all need more.
    package func typical(category: String, program: ProgramVersion? = nil, size: Double) -> ByteSize? {
        histories[Key(category, program)]?.typical(size: Self.known(size)).map { Self.rounded(max($0, Self.least)) }
    }

    /// Whether anything was learned for such jobs.
    func knows(category: String, program: ProgramVersion?) -> Bool { histories[Key(category, program)] != nil }

    /// What a job should get for its next attempt after one that ended at `limit`: what was declared if that is clearly
    /// more, else at least the double; from the second time on all there is.
    /// - Parameter attempt: how many attempts ended so, from 1.
    package func afterFailure(
        category: String, program: ProgramVersion? = nil, size: Double, limit: ByteSize, attempt: Int,
        declared: ByteSize?, budget: ByteSize?
    ) -> ByteSize {
        if attempt > 1, let budget { return budget }
        let next = Self.rounded(
            Self.next(
                after: Double(limit.bytes), highest: histories[Key(category, program)]?.highest ?? 0,
                declared: declared.map { Double($0.bytes) }))
        return budget.map { min($0, next) } ?? next
    }

    /// Whether larger jobs of the category need no less: false once a larger size was seen to need less than 90 % of what
    /// a smaller one did. Where it is false, what ended one job tells nothing of a larger one.
    package func isMonotone(category: String, program: ProgramVersion? = nil) -> Bool {
        histories[Key(category, program)]?.isMonotone ?? true
    }

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
    fileprivate static func known(_ size: Double) -> Double? { size > 0 && size < 0x1p64 ? size : nil }

    /// Rounded up to whole MiB; what is no number of bytes that can be had is all there can be.
    private static func rounded(_ bytes: Double) -> ByteSize {
        .mib(bytes < 0x1p63 ? UInt64((bytes / 0x1p20).rounded(.up)) : 1 << 43)
    }
}

extension MemoryHistory {
    /// Takes in what an attempt showed.
    mutating func learn(_ sample: MemoryModel.Sample) {
        let size = MemoryModel.known(sample.size)
        if sample.isCensored {
            learnBound(size: size, bytes: Double(sample.bytes))
        } else {
            learn(size: size, bytes: Double(sample.bytes))
        }
    }
}
