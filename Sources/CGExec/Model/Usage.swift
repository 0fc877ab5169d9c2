/// What an attempt's whole process tree used, as the kernel counted it. What the kernel did not give is nil.
public struct Usage: Hashable, Sendable, Codable {
    /// CPU time, `usage_usec` of `cpu.stat`.
    public var cpuSeconds: Double?
    /// CPU time in user mode.
    public var userSeconds: Double?
    /// CPU time in the kernel.
    public var systemSeconds: Double?
    /// The highest `memory.current`, page cache included: `memory.peak`.
    public var memoryPeakBytes: UInt64?
    /// The highest amount that could not be reclaimed; known where page cache is under a tenth of the peak.
    public var needPeakBytes: UInt64?
    /// The highest `memory.swap.current`.
    public var swapPeakBytes: UInt64?
    /// The most processes and threads at one time.
    public var pidsPeak: UInt64?
    /// `memory.stat` at the end, in bytes: what is left when all processes are gone was left behind (page cache, tmpfs).
    public var memory: [String: UInt64]?
    /// Bytes and operations for each block device. Stacked devices count the same bytes again.
    public var io: [IO]?
    /// Time in which tasks waited for a resource.
    public var pressure: Pressure?
    /// Time for which the CPU quota held the tree back.
    public var throttledSeconds: Double?
    /// Time for which the leaf was frozen.
    public var frozenSeconds: Double?
    /// Page faults that had to wait for a device.
    public var majorFaults: UInt64?

    /// Nothing known.
    public init() {}

    /// Traffic of one block device.
    public struct IO: Hashable, Sendable, Codable {
        /// The device's numbers, `major:minor`.
        public var device: String
        /// Bytes read.
        public var rbytes: UInt64?
        /// Bytes written.
        public var wbytes: UInt64?
        /// Read operations.
        public var rios: UInt64?
        /// Write operations.
        public var wios: UInt64?
    }

    /// Pressure stall totals of the three resources.
    public struct Pressure: Hashable, Sendable, Codable {
        /// Waiting for a CPU.
        public var cpu: Stall?
        /// Waiting for memory.
        public var memory: Stall?
        /// Waiting for I/O.
        public var io: Stall?
    }

    /// Time stalled, `total` of a `*.pressure` file.
    public struct Stall: Hashable, Sendable, Codable {
        /// Time in which at least one task waited.
        public var someSeconds: Double
        /// Time in which all tasks waited at once.
        public var fullSeconds: Double?
    }
}
