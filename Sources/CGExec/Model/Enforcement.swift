/// What enforced a limit.
public enum Enforcement: String, Codable, Sendable {
    /// The kernel, for the whole process tree.
    case cgroup
    /// The CPU affinity of the processes, which they may change.
    case affinity
    /// A resource limit of each process.
    case rlimit
    /// The pool itself, by watching clocks and counters and ending the tree.
    case scheduler
    /// Nothing: asked for, but not available, and `--best-effort` was given.
    case none
}
