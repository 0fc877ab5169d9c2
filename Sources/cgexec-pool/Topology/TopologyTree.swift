import CGExec

/// The machine as a tree: each piece within the smallest that holds it.
struct TopologyTree {
    struct Node {
        var level: Topology.Level
        /// Its place among those of its level.
        var index: Int
        var piece: Topology.Piece
        var children: [Node] = []
    }

    /// The widest pieces.
    let roots: [Node]
    /// Memory without CPUs of its own: beside others, or behind a bus.
    let memoryOnly: [Topology.Piece]

    init(_ topology: Topology) {
        let levels: [Topology.Level] = [.package, .die, .numa, .l3, .l2, .core, .thread]
        var rest = levels[...]
        // Nodes may be wider than packages, or narrower than caches: what holds more CPUs is above.
        var nodes: [Node] = []
        while let level = rest.popFirst() {
            for (index, piece) in topology[level].enumerated() where !piece.cpus.isEmpty {
                nodes.append(Node(level: level, index: index, piece: piece))
            }
        }
        let homes = Set(
            nodes.filter { $0.level == .numa }.compactMap { node in
                topology.nearestMems(to: node.piece.cpus)
            }.flatMap(\.members))
        let isHome = { (piece: Topology.Piece) in homes.contains(piece.number ?? -1) }
        memoryOnly = topology[.numa].filter { !isHome($0) && topology.allowedMems.contains($0.number ?? -1) }
        let tree = nodes.filter { $0.level != .numa || isHome($0.piece) }
            .enumerated().sorted {
                ($1.element.piece.cpus.count, $0.offset) < ($0.element.piece.cpus.count, $1.offset)
            }.map(\.element)
        roots = Self.nest(tree[...])
    }

    /// Nests what comes later into what holds it.
    private static func nest(_ nodes: ArraySlice<Node>) -> [Node] {
        var roots: [Node] = []
        var inside: [[Node]] = []
        for node in nodes {
            if let root = roots.firstIndex(where: { node.piece.cpus.isSubset(of: $0.piece.cpus) }) {
                inside[root].append(node)
            } else {
                roots.append(node)
                inside.append([])
            }
        }
        for index in roots.indices { roots[index].children = nest(inside[index][...]) }
        return roots.sorted { ($0.piece.cpus.first ?? 0) < ($1.piece.cpus.first ?? 0) }
    }
}

extension TopologyTree.Node {
    /// What people call it.
    var title: String {
        switch level {
        case .package: "package \(piece.number ?? index)"
        case .die: "die \(index)"
        case .numa: "node \(piece.number ?? index)"
        case .l3: "L3 #\(index)"
        case .l2: "L2 #\(index)"
        case .l1: "L1 #\(index)"
        case .core: "core #\(index)"
        case .thread: "CPU \(piece.number ?? index)"
        }
    }
}
