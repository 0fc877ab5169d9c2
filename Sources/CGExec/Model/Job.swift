/// One command with limits: what is to be run, where, and with what.
public struct Job: Sendable, Hashable {
    /// A name for people and records; need not be unique.
    public var name: String
    /// What the job is about, for reports.
    public var description: String?
    /// The program and its arguments. The program is searched in `PATH` unless it has a slash. A job without any is a
    /// stub: nothing runs, and its callbacks are called.
    public var command: [String]
    /// Added to, and winning over, the pool's environment.
    public var environment: [String: String]
    /// The working directory; the pool's when nil.
    public var directory: String?
    /// Where standard input comes from.
    public var stdin: Input
    /// Where standard output goes. When nil, where those of its group go, else into the record, up to `captureCap`.
    public var stdout: Output?
    /// Where standard error goes; nil as for `stdout`.
    public var stderr: Output?
    /// Whether the files that `stdout` and `stderr` make anew have their names only when the job has succeeded, and what becomes
    /// of them when it has not; nil for files that have them from the start. Appended output stays as it is.
    public var partialOutput: PartialOutput?
    /// What the job may use.
    public var limits: Limits
    /// Jobs of one category resemble each other.
    public var category: String?
    /// How heavy the job is among those of its category; 0 is unknown.
    public var size: Double
    /// How slow the job is for its size: size × slowdown says how much time it takes compared with others of its
    /// category.
    public var slowdown = 1.0
    /// Jobs of a higher priority start first.
    public var priority = 0
    /// What must have finished before the job starts.
    public var after: [Predecessor] = []
    /// Whether what it comes after must have succeeded; else any end will do.
    public var afterSuccess = true
    /// Whether the job starts again when its time is over, as often as it takes: for programs whose time is a matter of
    /// chance. It starts no chain then.
    public var restartsOnTimeout = false
    /// Whether and when it is tried again.
    public var retry: Retry?
    /// The command that takes over when the job has failed for good.
    public var fallback: [String]?
    /// How long no other job starts after this one.
    public var startDelay = Duration.zero
    /// The piece of the machine that it owns, where that is to be another than the pool's; the pool's `reserve` holds
    /// for it, too.
    public var affinity: AffinityMask?
    /// Whether the job takes no CPUs of its slot, and may use all.
    public var ignoresAffinity = false
    /// Whether the job runs only alone.
    public var isSolo = false
    /// Whether its figures matter: in a packed pool such a job is taken back only when no other can be. Nil for yes in a
    /// strict pool and no in a packed one. Where this is true and not nil, no other job runs on the cores that it uses: the
    /// other hardware threads of these stay idle.
    public var isMeasured: Bool?
    /// The files that the job reads, beside its program and standard input: when one has changed, `--resume` runs it again.
    public var inputs: [String] = []
    /// Which of several runs of the same command this is, from 1; nil where it runs once. Warm-ups are counted for
    /// themselves.
    public var repetition: Int?
    /// Whether it only warms up what the others find warm: its figures do not count.
    public var isWarmup = false
    /// What the job was made from: the values of the sweep's variables.
    public var params: [String: String]

    /// Where standard input comes from.
    public enum Input: Sendable, Hashable {
        /// `/dev/null`.
        case null
        /// The pool's own.
        case inherit
        /// A file.
        case file(String)

        /// The file's path.
        var path: String? {
            if case .file(let path) = self { path } else { nil }
        }
    }

    /// What a job may come after.
    public enum Predecessor: Sendable, Hashable {
        /// A job submitted before.
        case job(JobID)
        /// A group opened before: all that is in it.
        case group(JobGroupID)
    }

    /// Where an output stream goes. The directories above a file are made where they are missing, and a file stays when
    /// nothing was written to it.
    public enum Output: Sendable, Hashable {
        /// Kept in the record: up to this many bytes, the first and the last half when there are more.
        case capture(ByteSize)
        /// A file, made anew.
        case file(String)
        /// The end of a file; where that has something already, after a line with the date.
        case append(String)
        /// Nowhere.
        case discard
        /// The pool's own.
        case inherit
        /// Standard error into standard output; not for standard output itself.
        case stdout

        /// The file's path.
        var path: String? {
            switch self {
            case .file(let path), .append(let path): path
            case .capture, .discard, .inherit, .stdout: nil
            }
        }
    }

    /// The cap of a captured stream unless another is given.
    public static let captureCap = ByteSize.kib(64)

    /// Creates a job.
    public init(
        _ name: String, _ command: [String], limits: Limits = Limits(), category: String? = nil, size: Double = 0,
        environment: [String: String] = [:], directory: String? = nil, stdin: Input = .null,
        stdout: Output? = nil, stderr: Output? = nil, description: String? = nil,
        params: [String: String] = [:]
    ) {
        self.name = name
        self.description = description
        self.command = command
        self.environment = environment
        self.directory = directory
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.limits = limits
        self.category = category
        self.size = size
        self.params = params
    }
}
