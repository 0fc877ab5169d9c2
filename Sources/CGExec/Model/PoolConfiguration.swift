/// How a pool is set up.
public struct PoolConfiguration: Sendable, Hashable {
    /// How many jobs run at once.
    public var jobs: SlotCount
    /// The memory all jobs together may hold; required to be enforceable when given.
    public var budget: MemoryAmount?
    /// What each job owns of the machine.
    public var affinity: AffinityMask
    /// The cgroup to work in, as an absolute path; found when nil.
    public var cgroup: String?
    /// Whether to run even where a limit cannot be enforced; the record then says so for each limit.
    public var bestEffort: Bool

    /// The pool's name, for messages.
    public var name: String?
    /// Whether memory may be promised twice.
    public var mode = Mode.strict
    /// What becomes of jobs that would fail as another did.
    public var chains = Chains.on
    /// When failures end everything.
    public var halt: Halt?
    /// Whether the memory of jobs without a hard limit is learned from those of their category that ran.
    public var learnsMemory = true
    /// Where what is learned is kept; of no use where `learnsMemory` is false.
    public var learned = LearnedPlace.inMemory
    /// The least memory for each of those that run at once: there are so many fewer slots, whatever `jobs` says, that
    /// no slot's share of the budget is smaller.
    public var leastShare: MemoryAmount?
    /// How often a job whose figures matter, `measured` or repeated, runs again because they are invalid: the last time
    /// alone. How it ended does not matter, as long as it ended by itself: a limit that ended it is a result.
    public var reruns = 2
    /// How often each attempt's memory and CPU time are looked at, for the curves in its record; nil for never. It decides
    /// nothing: limits, peaks and sums are the kernel's.
    public var sampling: Duration?
    /// Whether the pool begins later where other pools of this machine hold the CPUs that it needs; otherwise it does not
    /// begin.
    public var waitsForCPUs = true
    /// Whether the CPUs of the slots are taken from everybody outside the pool, by the kernel; needs root, and slots that own
    /// CPUs. Where it cannot be had, the pool does not begin; where it is lost later, what runs is `perturbed` and nothing
    /// more starts.
    public var partition: CPUPartition?
    /// Whether libraries are told to start no more threads than a job has CPUs of its own, by variables such as
    /// `OMP_NUM_THREADS`; otherwise many start one for each CPU of the machine. What a job's own environment says of them
    /// goes before.
    public var setsThreadVariables = true
    /// What the signals that end a program do to a pool in it.
    public var signals = SignalUse.untouched

    /// Creates a configuration.
    public init(
        jobs: SlotCount = .auto, budget: MemoryAmount? = nil, affinity: AffinityMask = .none, cgroup: String? = nil,
        bestEffort: Bool = false
    ) {
        self.jobs = jobs
        self.budget = budget
        self.affinity = affinity
        self.cgroup = cgroup
        self.bestEffort = bestEffort
    }
}

/// How many jobs run at once.
public enum SlotCount: Sendable, Hashable {
    /// As many as the CPUs and the budget allow.
    case auto
    /// So many.
    case count(Int)
    /// A part of the CPUs, 0.5 for `50%`.
    case fraction(Double)
    /// All CPUs but so many, 1 for `-1`.
    case allBut(Int)

    /// Reads `auto`, `8`, `50%` or `-1`.
    /// - Throws: `ValueError` for anything else, and for zero.
    public init(parsing text: String) throws(ValueError) {
        let error = ValueError(
            text, expected: "auto, a number, a percentage of the CPUs such as 50%, or -N for all but N")
        if text == "auto" {
            self = .auto
        } else if let (number, suffix) = splitNumber(text), suffix == "%", number > 0, number <= 10_000 {
            self = .fraction(number / 100)
        } else if let number = Int(text), number != 0, (-1_000_000...1_000_000).contains(number) {
            self = number > 0 ? .count(number) : .allBut(-number)
        } else {
            throw error
        }
    }
}

/// Where a pool keeps what it learned of the memory that jobs need.
public enum LearnedPlace: Sendable, Hashable {
    /// Nowhere: each pool begins anew.
    case inMemory
    /// In this file of JSON, which is made where it is missing, and which several pools may use at once. A pool begins
    /// with what is known there of its jobs' categories and programs on this kind of host, and adds what its jobs showed:
    /// after every thousand, and at its end.
    ///
    /// A pool does not begin when the file cannot be written or is not what it should be. What cannot be written later,
    /// as on a full disk, is lost, and `Pool.learningFailure` tells why.
    case file(String)
}

/// What SIGHUP, SIGINT, SIGQUIT and SIGTERM, and `exit`, do to a pool in a program. Nothing of its jobs ever outlives the
/// program, with either of these; the question is whether they are given their grace.
public enum SignalUse: String, Sendable, Hashable, CaseIterable {
    /// They are the program's affair. Where they end it, the jobs are killed.
    case untouched
    /// The pool closes first: what runs is ended with its grace, and callbacks are called. Then the signal does what it
    /// did before there was the pool, or `exit` goes on. The second signal kills what still runs. Signals that are
    /// ignored stay so.
    case close
}
