/// Jobs that ran once: what they were, what they needed, how long they took.
struct Trace: Sendable, Equatable {
    var file: String
    /// In the order of their start; those that started together in the order of the file.
    var jobs: [TraceJob]
    /// How many attempts tell nothing of what they needed, and are not among them.
    var leftOut = 0
}

/// One job of a trace.
struct TraceJob: Sendable, Equatable {
    var start: Double
    var category: String
    /// Whether it has none, and `category` only tells where it stands.
    var isAlone = false
    /// 0 when unknown.
    var size: Double
    /// The memory it needed, in bytes.
    var peak: Double
    var seconds: Double
    /// The memory that was asked for, in bytes.
    var declared: Double
    /// Its name, where it is told.
    var name: String?
    /// Which of the trace it comes after, by their places.
    var after: [Int] = []
    /// Higher ones start first.
    var priority = 0
}
