/// Everything that is known of one attempt. The same keys stand in `--json`, in the API and in reports; keys are
/// added over time, never renamed.
public struct Record: Sendable, Codable, Hashable {
    /// The version of these keys.
    public var schema = 1
    /// The job's number.
    public var id: JobID
    /// What makes the job the same in another run: a digest of its content; absent without a journal.
    public var key: String?
    /// The job's name.
    public var name: String
    /// What the job is about.
    public var description: String?
    /// The names of the groups that the job is in, from the outside in, with slashes between them.
    public var task: String?
    /// The job's category.
    public var category: String?
    /// The job's size within its category, if known.
    public var size: Double?
    /// Which try at the job this is, from 1.
    public var attempt: Int
    /// Which of the job's repetitions this is, from 1, warm-ups counted for themselves; absent where it is not repeated.
    public var `repeat`: Int?
    /// Whether it only warms up, and its figures do not count; absent where they do.
    public var warmup: Bool?
    /// Whether the command is the fallback; absent where it is the job's own.
    public var fallback: Bool?
    /// How often the job had been taken back before, to run with more memory or beside fewer others; absent for never.
    public var phase: Int?
    /// The command.
    public var argv: [String]
    /// The working directory.
    public var cwd: String?
    /// The host's name.
    public var host: String?
    /// The slot the attempt ran in, from 0.
    public var slot: Int?
    /// The values of the sweep's variables.
    public var params: [String: String]?
    /// How it ended.
    public var outcome: Outcome
    /// Limits that were reached without ending the job, such as `pids`.
    public var limitsHit: [String]?
    /// When things happened.
    public var times: Times
    /// From start to end.
    public var wallSeconds: Double?
    /// What it used.
    public var usage: Usage?
    /// What was seen while it ran, where that was asked for.
    public var samples: Samples?
    /// The limits as asked.
    public var limits: Limits
    /// The limits as the kernel read them back: control file and value.
    public var effective: [String: String]?
    /// Where it ran.
    public var placement: Placement?
    /// Jobs of the same pool that ran at the same time on hardware that it used, at most 100; absent where there were none,
    /// or CPUs were not owned.
    public var neighbours: [Neighbour]?
    /// What enforced each limit that was asked for.
    public var enforcement: [String: Enforcement]
    /// How far the figures can be trusted; absent where nothing tells, as without a cgroup.
    public var validity: Validity?
    /// What went wrong without changing the outcome.
    public var notes: [String]?
    /// The output streams.
    public var output: Output?

    /// When things happened.
    public struct Times: Sendable, Codable, Hashable {
        /// Submitted.
        public var queued: Timestamp?
        /// Given a slot and memory.
        public var admitted: Timestamp?
        /// The clone into the leaf; wall time counts from here.
        public var started: Timestamp?
        /// The main process ended.
        public var ended: Timestamp?
    }

    /// What the leaf's counters said while the attempt ran: three lists of the same length.
    public struct Samples: Sendable, Codable, Hashable {
        /// When, in seconds from the start.
        public var seconds: [Double] = []
        /// `memory.current`; absent without the memory controller.
        public var memoryBytes: [UInt64]?
        /// CPU time until then, in seconds.
        public var cpuSeconds: [Double]?
    }

    /// CPUs and memory nodes, as in force.
    public struct Placement: Sendable, Codable, Hashable {
        /// `cpuset.cpus.effective`, or the affinity.
        public var cpus: CPUSet?
        /// `cpuset.mems.effective`.
        public var mems: CPUSet?
        /// CPUs that nobody used meanwhile, so that core and caches were the job's own.
        public var idle: CPUSet?
        /// The piece of the machine that this is, such as `l3:2`: caches and cores are counted as hwloc does, threads, nodes
        /// and packages have the kernel's number. How many of its CPUs may be used is added where that is not all.
        public var piece: String?
        /// How far the kernel kept everybody else off these CPUs, at the end as at the start; absent where it did not.
        public var partition: CPUPartition?
    }

    /// A job that ran beside this one.
    public struct Neighbour: Sendable, Codable, Hashable {
        /// Its number.
        public var id: JobID
        /// The narrowest piece of hardware that both used: `core`, `l2`, `l3` or `numa`.
        public var shared: Topology.Level
    }

    /// How far the figures can be trusted.
    public struct Validity: Sendable, Codable, Hashable {
        /// The judgement.
        public enum Verdict: String, Sendable, Codable, Hashable {
            /// Nothing did that the kernel tells of.
            case clean
            /// Something disturbed the attempt.
            case perturbed
            /// It did not run under the conditions that it was promised: its figures say nothing.
            case invalid
        }

        /// The judgement.
        public var verdict: Verdict
        /// What disturbed it.
        public var reasons: [String]
        /// What limits did that the job asked for itself; absent where they did nothing.
        public var notes: [String]?

        /// Takes in something that disturbed it.
        mutating func perturb(_ reason: String) {
            if verdict == .clean { verdict = .perturbed }
            reasons.append(reason)
        }
    }

    /// The output streams.
    public struct Output: Sendable, Codable, Hashable {
        /// Standard output.
        public var stdout: Stream?
        /// Standard error.
        public var stderr: Stream?
    }

    /// One output stream.
    public struct Stream: Sendable, Codable, Hashable {
        /// The file it went to.
        public var path: String?
        /// What was captured, unless the cap was 0; bytes that are not UTF-8 are replaced.
        public var text: String?
        /// How many bytes came, where they passed through us.
        public var bytes: UInt64?
        /// Whether the text lacks a middle part.
        public var truncated: Bool?
    }
}

extension Record {
    /// Of a job that never started.
    package static func cancelled(_ id: JobID, _ job: Job, because message: String) -> Record {
        var record = Record(
            id: id, name: job.name, attempt: 0, argv: job.command, outcome: Outcome(.cancelled, message: message),
            times: Times(), limits: job.limits, enforcement: [:])
        record.belong(to: job, as: id)
        return record
    }

    /// Makes it the record of a job that is the same in all that it does, and may have another name.
    package mutating func belong(to job: Job, as id: JobID) {
        self.id = id
        name = job.name
        description = job.description
        category = job.category
        size = job.size == 0 ? nil : job.size
        params = job.params.isEmpty ? nil : job.params
        `repeat` = job.repetition
        warmup = job.isWarmup ? true : nil
    }
}
