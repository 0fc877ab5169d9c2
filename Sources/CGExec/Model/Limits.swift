/// What one job may use. What is nil is not limited, and then not required of the host either.
///
/// Everything that is set here must be in force before the program's first instruction, or the attempt does not
/// start. The words are those of the command line and of job files; `LimitOption` is their table.
public struct Limits: Hashable, Sendable {
    /// The most memory the whole process tree may hold: `memory.max`, swap excluded.
    public var memory: MemoryAmount?
    /// An estimate of the memory that cannot be reclaimed; reserved, not enforced.
    public var need: MemoryAmount?
    /// The most swap: `memory.swap.max`. Zero when `memory` is limited and this is nil, since a memory limit
    /// without one is no limit on a host with swap.
    public var swap: ByteSize?
    /// How many CPUs the job owns while it runs; the pool picks them.
    public var cpus: Int?
    /// Exactly these CPUs: `cpuset.cpus`.
    public var cpuset: CPUSet?
    /// Memory only from these NUMA nodes: `cpuset.mems`.
    public var mems: CPUSet?
    /// CPU time a second of wall time, 1.5 for `150%`: `cpu.max`.
    public var cpuQuota: Double?
    /// The share of CPU under contention, 1…10000, 100 being usual: `cpu.weight`.
    public var cpuWeight: Int?
    /// The most processes and threads: `pids.max`. Beyond it fork fails.
    public var pids: Int?
    /// Whether reaching `pids` ends the job.
    public var onPids: PidsAction?
    /// Rates for block devices: `io.max`.
    public var io: [IOLimit] = []
    /// The longest wall time.
    public var timeout: Duration?
    /// The most CPU time of the whole process tree.
    public var cpuTimeout: Duration?
    /// The time between SIGTERM and SIGKILL when we end the job; 2 s when nil, zero kills at once.
    public var grace: Duration?
    /// The most bytes on stdout and stderr together; beyond it the job is ended.
    public var outputLimit: ByteSize?
    /// The most it may stall on memory while it is at its own limit; beyond it the job is ended.
    public var thrash: ThrashLimit?
    /// The most open descriptors of each process: `RLIMIT_NOFILE`.
    public var files: Int?
    /// The largest core dump: `RLIMIT_CORE`. Zero disables core dumps.
    public var core: ByteSize?
    /// Whether the job may divide its own leaf: it starts in an inner leaf, and a pool inside it works.
    public var delegate = false

    /// What happens when a fork fails for `pids`.
    public enum PidsAction: String, Codable, Sendable, CaseIterable {
        /// The fork fails, the record notes it.
        case fail
        /// The job is ended with the outcome `pids`.
        case kill
    }

    /// Nothing limited.
    public init() {}

    /// The most usual limits; set the others on the value.
    public init(
        memory: MemoryAmount? = nil, cpus: Int? = nil, pids: Int? = nil, timeout: Duration? = nil,
        cpuTimeout: Duration? = nil
    ) {
        self.memory = memory
        self.cpus = cpus
        self.pids = pids
        self.timeout = timeout
        self.cpuTimeout = cpuTimeout
    }

    /// The grace in force.
    var effectiveGrace: Duration { grace ?? .seconds(2) }
}

extension Limits: Codable {
    struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Reads the value as it stands in JSON.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        for key in container.allKeys {
            guard let option = LimitOption.named(key.stringValue) else { continue }
            for text in try container.decode(LimitOption.Value.self, forKey: key).texts { try option.set(&self, text) }
        }
    }

    /// Writes the value as it stands in JSON.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for option in LimitOption.all {
            try container.encodeIfPresent(option.value(self), forKey: Key(stringValue: option.name))
        }
    }
}
