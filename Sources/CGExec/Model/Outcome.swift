/// How an attempt ended. Never a guess: what is not known is absent.
public struct Outcome: Hashable, Sendable, Codable {
    /// What ended the attempt.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// The program ended with status 0.
        case ok
        /// The program ended with another status; see `code`.
        case exit
        /// A signal that was not ours ended the program; see `signal`.
        case signal
        /// It ran longer than its wall time limit.
        case timeout
        /// Its process tree used more CPU time than allowed.
        case cpuTimeout
        /// The kernel's OOM killer ended it; see `culprit` for whose limit was reached.
        case memory
        /// It reached its number of processes and was asked to end then.
        case pids
        /// It wrote more than allowed.
        case output
        /// It was ended because a related job failed in a way it would have failed too; see `cause`.
        case chained
        /// It was taken back into the queue, to run with fewer workers.
        case postponed
        /// The user, or the end of the pool, ended it or kept it from starting.
        case cancelled
        /// Its end could not be observed: something else reaped the process.
        case lost
        /// It never ran; see `stage` and `errno`.
        case launchError
    }

    /// Whose memory limit an OOM kill enforced.
    public enum Culprit: String, Codable, Sendable {
        /// The job's own limit.
        case job
        /// The pool's limit, or the share of it that a job without a limit of its own got.
        case pool
        /// The limit of a cgroup above the pool.
        case ancestor
        /// No cgroup's limit: the host ran out of memory.
        case host
    }

    /// What ended the attempt.
    public var kind: Kind
    /// The exit status, for `ok` and `exit`, and where the program still exited by itself after our TERM.
    public var code: Int?
    /// The signal that ended the program.
    public var signal: Int?
    /// The job that caused this end.
    public var cause: JobID?
    /// Whose limit was reached.
    public var culprit: Culprit?
    /// The step that failed.
    public var stage: String?
    /// The system's error number of that step.
    public var errno: Int?
    /// What happened and what to do about it, for people.
    public var message: String?

    /// Creates an outcome of this kind.
    public init(
        _ kind: Kind, code: Int? = nil, signal: Int? = nil, cause: JobID? = nil, culprit: Culprit? = nil,
        stage: String? = nil, errno: Int? = nil, message: String? = nil
    ) {
        self.kind = kind
        self.code = code
        self.signal = signal
        self.cause = cause
        self.culprit = culprit
        self.stage = stage
        self.errno = errno
        self.message = message
    }

    /// Whether the program did what it was asked to.
    public var isSuccess: Bool { kind == .ok }
}
