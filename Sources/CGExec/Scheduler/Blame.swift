/// A job that others fail or are given up for: its number for programs, its name for people.
struct Blame: Sendable, Hashable, CustomStringConvertible {
    var id: JobID
    var name: String

    var description: String { Blame.called("job", name, number: id.number) }

    /// A job or a group as messages call it; by its number only where it has no name.
    static func called(_ kind: String, _ name: String, number: Int) -> String {
        name.isEmpty ? "\(kind) \(number)" : "\(kind) '\(name)'"
    }
}

/// Something that did not succeed, for those that come after it.
struct FailedPredecessor: Sendable {
    /// As messages call it.
    var title: String
    /// The job itself, or the first one of a group.
    var first: Blame?
}

/// Why nothing else is to start.
struct Refusal: Sendable, Hashable {
    var message: String
    /// The job that failed, where that was the reason.
    var cause: JobID?
}
