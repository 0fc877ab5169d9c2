/// What one pool holds of the machine, as it tells the other pools of the same machine.
public struct Claim: Sendable, Codable, Hashable {
    /// The process that the pool is in.
    public var pid: Int32
    /// Whose it is.
    public var user: UInt32
    /// What people know it by: the pool's name, or its program's.
    public var name: String
    /// When the pool began.
    public var since: Timestamp
    /// The CPUs that no other pool is to use; empty for a claim of memory.
    public var cpus: CPUSet
    /// The memory that the pool was given by name; nil for a claim of CPUs.
    public var memory: ByteSize?
    /// The pool's cgroup: as long as a process is in it, the claim holds, though its owner may be dead.
    public var cgroup: String?

    /// Creates a claim.
    public init(
        pid: Int32, user: UInt32, name: String, since: Timestamp, cpus: CPUSet = CPUSet(), memory: ByteSize? = nil,
        cgroup: String? = nil
    ) {
        self.pid = pid
        self.user = user
        self.name = name
        self.since = since
        self.cpus = cpus
        self.memory = memory
        self.cgroup = cgroup
    }
}

extension Claim: CustomStringConvertible {
    /// Who holds what, for people.
    public var description: String {
        let what = memory.map { "\($0) of memory" } ?? "CPUs \(cpus)"
        return "\(what) \(memory == nil ? "are" : "is") held by \(name) (process \(pid), user \(user)) since \(since)"
    }
}
