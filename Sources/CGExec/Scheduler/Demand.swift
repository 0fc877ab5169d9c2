/// What the scheduler needs to know of a job: what it takes, and how long it may take.
struct Demand: Sendable, Hashable {
    /// The hard memory limit, as a number of bytes.
    var memory: ByteSize?
    /// An estimate of the memory needed, where there is no hard limit.
    var need: ByteSize?
    /// How many CPUs it owns.
    var cpus: Int?
    /// Exactly these CPUs.
    var cpuset: CPUSet?
    var cpuQuota: Double?
    var timeout: Duration?
    var cpuTimeout: Duration?
    var grace: Duration = .seconds(2)
    /// Whether a failed fork ends it.
    var endsAtPids = false
}

/// What a job got for one attempt.
struct Grant: Sendable, Hashable {
    /// From 0; no two running attempts have the same.
    var slot: Int
    /// CPUs of its own; nil where it shares all.
    var cpus: CPUSet?
    /// Memory nodes that go with the slot.
    var mems: CPUSet?
    /// What is reserved, and enforced as `memory.max`.
    var memory: ByteSize?
    /// Whether `memory` is a share of the budget and not a limit that the job asked for.
    var memoryIsShare = false
}
