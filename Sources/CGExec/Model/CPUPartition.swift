/// How far the kernel keeps everybody else off a pool's CPUs: by making its cgroup a partition (cgroup-v2.rst,
/// `cpuset.cpus.partition`), which takes them from all other cgroups.
public enum CPUPartition: String, Sendable, Codable, Hashable, CaseIterable {
    /// Nothing outside the pool runs on them.
    case root
    /// The same, and the kernel does not move threads between them to balance the load: the least noise for jobs of one
    /// CPU each. The threads of a job with several must choose theirs themselves, or stay together on one. Linux 6.1.
    case isolated

    /// Reads `root` or `isolated`.
    /// - Throws: `ValueError` for anything else.
    public init(parsing text: String) throws(ValueError) {
        guard let kind = Self(rawValue: text) else { throw ValueError(text, expected: "root or isolated") }
        self = kind
    }
}
