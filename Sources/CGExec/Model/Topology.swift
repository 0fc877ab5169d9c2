/// The shape of a machine: its packages, memory nodes, caches, cores and hardware threads, with the numbers that the
/// kernel gave them. A value: read from this machine, from XML that `lstopo` wrote, or from a synthetic description.
///
/// Numbers are read and never guessed: on one machine threads 0 and 1 share a core, on the next threads 0 and 64 do.
public struct Topology: Sendable, Hashable, Codable {
    /// The kinds of pieces that a machine has, from the widest to the narrowest.
    public enum Level: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
        /// What sits in one socket.
        case package
        /// A part of a package with its own silicon.
        case die
        /// The CPUs that are nearest to one memory.
        case numa
        /// Those that share a third-level cache.
        case l3
        /// Those that share a second-level cache.
        case l2
        /// Those that share a first-level data cache.
        case l1
        /// A core with all its hardware threads.
        case core
        /// What the kernel calls a CPU.
        case thread
    }

    /// One package, cache, core and so on.
    public struct Piece: Sendable, Hashable, Codable {
        /// The number that the kernel gives it, which is unique only within its package for cores; nil for caches.
        public var number: Int?
        /// The CPUs in it that are switched on.
        public var cpus: CPUSet
        /// The memory nodes that are local to any of its CPUs.
        public var mems: CPUSet
        /// The size of a cache, or of a node's memory; nil for others and where it is not known.
        public var bytes: ByteSize?

        /// Creates a piece.
        public init(number: Int? = nil, cpus: CPUSet, mems: CPUSet = CPUSet(), bytes: ByteSize? = nil) {
            self.number = number
            self.cpus = cpus
            self.mems = mems
            self.bytes = bytes
        }
    }

    /// Cores that are alike on a machine where not all are, such as the performance cores.
    public struct CoreKind: Sendable, Hashable, Codable {
        /// The CPUs of this kind.
        public var cpus: CPUSet
        /// How these compare with the others: 0 saves most power, higher ones are faster.
        public var efficiency: Int
    }

    /// All pieces of each level, in hwloc's order: neighbours in the list are neighbours on the machine.
    public private(set) var pieces: [Level: [Piece]]
    /// The kinds of cores by ascending `efficiency`; empty where all are alike.
    public let kinds: [CoreKind]
    /// The CPUs that we may use: `cpuset.cpus.effective` of our cgroup, and our affinity.
    public let allowed: CPUSet
    /// The memory nodes that we may use.
    public let allowedMems: CPUSet

    /// Creates a shape. Pieces without CPUs count only as memory.
    public init(pieces: [Level: [Piece]], kinds: [CoreKind] = [], allowed: CPUSet, allowedMems: CPUSet) {
        self.pieces = pieces
        self.kinds = kinds.count > 1 ? kinds.sorted { $0.efficiency < $1.efficiency } : []
        self.allowed = allowed
        self.allowedMems = allowedMems
        // A kernel in a virtual machine may know of no cores; a thread is then the least that can be owned.
        if self[.core].isEmpty { self.pieces[.core] = self[.thread] }
    }

    /// The pieces of one level; empty where the machine shows none.
    public subscript(level: Level) -> [Piece] { pieces[level] ?? [] }

    /// All CPUs that are switched on, allowed or not.
    public var cpus: CPUSet { self[.thread].reduce(into: CPUSet()) { $0 = $0.union($1.cpus) } }

    /// The memory nodes whose memory is nearest to these CPUs and may be used; nil where that cannot be told.
    ///
    /// A node that kernel and firmware attach beside others with CPUs of their own (fast memory in the package, memory
    /// behind a bus) is nobody's nearest: who wants it asks for it by number.
    public func nearestMems(to cpus: CPUSet) -> CPUSet? {
        let local = homes.filter { !$0.cpus.isDisjoint(with: cpus) && allowedMems.contains($0.number ?? -1) }
        return local.isEmpty ? nil : CPUSet(local.compactMap(\.number))
    }

    /// The nodes that have CPUs of their own and memory.
    private var homes: [Piece] {
        let nodes = self[.numa].filter { !$0.cpus.isEmpty && $0.bytes?.bytes != 0 }
        return nodes.filter { node in
            !nodes.contains { other in
                let isInside = other.cpus.isSubset(of: node.cpus)
                return isInside && (other.cpus != node.cpus || (other.number ?? 0) < (node.number ?? 0))
            }
        }
    }

    /// The pieces of a level that can be slots: each CPU is in at most one of them.
    func slotPieces(_ level: Level) -> [Piece] { level == .numa ? homes : self[level].filter { !$0.cpus.isEmpty } }
}
