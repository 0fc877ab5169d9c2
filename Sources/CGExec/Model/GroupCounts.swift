/// How many children a group has, and how they ended; what is in a group below counts there.
public struct GroupCounts: Sendable, Hashable {
    /// The jobs and groups that were put directly into it.
    public internal(set) var added = 0
    /// Those of them that succeeded; a group does when all in it do.
    public internal(set) var done = 0
    /// Those that failed, were ended, or never started.
    public internal(set) var terminated = 0

    /// Whether all are over.
    public var isComplete: Bool { done + terminated == added }
    /// Whether all succeeded.
    public var isSuccess: Bool { done == added }
}
