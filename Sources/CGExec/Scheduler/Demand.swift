/// What the scheduler needs to know of a job: what it takes, how long it may take, and how it stands to others.
struct Demand: Sendable, Hashable {
    /// What people call it, for messages.
    var name = ""
    /// The hard memory limit, as a number of bytes: never raised.
    var memory: ByteSize?
    /// An estimate of the memory needed, where there is no hard limit: learned, and raised when it was too low.
    var need: ByteSize?
    /// How many CPUs it owns.
    var cpus: Int?
    /// Exactly these CPUs.
    var cpuset: CPUSet?
    /// These memory nodes and not those of its slot.
    var mems: CPUSet?
    /// The pieces of the machine of which it owns one, where it wants others than the pool's slots.
    var pieces: [Slot] = []
    var cpuQuota: Double?
    var timeout: Duration?
    var cpuTimeout: Duration?
    var grace: Duration = .seconds(2)
    /// Whether a failed fork ends it.
    var endsAtPids = false
    /// Jobs of one category resemble each other: they learn from each other, and fail together.
    var category: String?
    /// What tells it from others of its category that have another program.
    var program: ProgramVersion?
    /// Whether it does not start before its program is known.
    var awaitsProgram = false
    /// How heavy it is within its category; 0 is unknown.
    var size = 0.0
    /// How slow it is for its size.
    var slowdown = 1.0
    /// Higher ones start first.
    var priority = 0
    var group: JobGroupID?
    /// What must have finished before it starts.
    var dependencies: [Dependency] = []
    /// Whether it starts again when its time is over, as often as it takes.
    var restartsOnTimeout = false
    var retry: Retry?
    /// Whether another command takes over when it has failed for good.
    var hasFallback = false
    /// How long no other job starts after it.
    var startDelay: Duration = .zero
    /// Whether it takes no CPUs of its slot.
    var ignoresAffinity = false
    /// Whether it runs only alone.
    var isSolo = false
    /// Whether its figures matter: such a job is postponed only when no other can be.
    var isMeasured = true
    /// Whether it runs again where they came out invalid.
    var rerunsInvalid = false

    /// Whether nobody else runs on the cores it uses.
    var leavesSiblingsIdle = false

    /// How much time it takes compared with others of its category.
    var weight: Double { size * slowdown }
}

/// Something that must have finished before a job starts.
struct Dependency: Sendable, Hashable {
    typealias Target = Job.Predecessor

    var target: Target
    /// Whether it must have succeeded; otherwise any end will do.
    var needsSuccess = true
}

/// What a job got for one attempt.
struct Grant: Sendable, Hashable {
    /// From 0; no two running attempts have the same.
    var slot: Int
    /// CPUs of its own; nil where it shares all.
    var cpus: CPUSet?
    /// Memory nodes that go with the slot.
    var mems: CPUSet?
    /// CPUs that nobody uses meanwhile.
    var idle = CPUSet()
    /// What piece of the machine it is, for people.
    var piece: String?
    /// What is enforced as `memory.max`.
    var memory: ByteSize?
    /// Whether `memory` is an estimate or a share of the budget, and not a limit that the job asked for.
    var memoryIsShare = false
    /// What counts in the pool where that is less than `memory`: in packed mode memory may be promised twice.
    var reserved: ByteSize?
    /// Whether the fallback command is to run.
    var isFallback = false
    /// How much likelier than the pool it is to be ended by the kernel when the pool's memory runs out, from 0 to 1000; nil
    /// where it cannot run out.
    var oomScore: Int?
    /// How often the job was taken back before.
    var phase = 0
}
