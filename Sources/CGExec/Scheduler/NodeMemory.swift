/// How much of each memory node is promised. Jobs that are bound to nodes never get more promised than these have: the
/// kernel would end one of them there although the machine has memory elsewhere.
struct NodeMemory: Sendable {
    /// What each node can give; a node that is not here counts as endless.
    private let capacity: [Int: UInt64]
    private var promised: [CPUSet: UInt64] = [:]

    init(_ topology: Topology?) {
        // As of the machine's memory, a twentieth of a node's is left to the kernel.
        let nodes = topology?[.numa].compactMap { node in
            node.number.flatMap { number in node.bytes.map { (number, $0.bytes - $0.bytes / 20) } }
        }
        // Of a single node the budget has told already, and better: what is added to a running machine counts there.
        let isPlain = (nodes ?? []).count < 2
        capacity = isPlain ? [:] : Dictionary(nodes ?? []) { first, _ in first }
    }

    /// Whether so much can be promised on these nodes beside what is. Whatever nodes are looked at together, those that
    /// are bound to them alone must fit there (Hall's condition; for nodes that overlap only in part it is stricter).
    func fits(_ memory: ByteSize?, on nodes: CPUSet?) -> Bool {
        guard let memory, let nodes, !capacity.isEmpty else { return true }
        let unions =
            [nodes]
            + promised.keys.filter { !$0.isSubset(of: nodes) && !$0.isDisjoint(with: nodes) }
            .map { $0.union(nodes) }
        return unions.allSatisfy { union in
            guard let most = most(on: union) else { return true }
            let there = promised.reduce(UInt64(0)) { $1.key.isSubset(of: union) ? $0 + $1.value : $0 }
            return there <= most && memory.bytes <= most - there
        }
    }

    /// The most that these nodes can hold; nil where that is not known.
    func most(on nodes: CPUSet) -> UInt64? {
        var sum: UInt64 = 0
        for node in nodes.members {
            guard let size = capacity[node] else { return nil }
            sum += size
        }
        return sum
    }

    mutating func take(_ memory: ByteSize?, on nodes: CPUSet?) {
        if let memory, let nodes { promised[nodes, default: 0] += memory.bytes }
    }

    mutating func giveBack(_ memory: ByteSize?, on nodes: CPUSet?) {
        guard let memory, let nodes, let held = promised[nodes] else { return }
        promised[nodes] = held > memory.bytes ? held - memory.bytes : nil
    }
}
