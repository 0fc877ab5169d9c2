/// The slots that an affinity mask cuts out of a machine, in the order in which they are taken.
package struct SlotLayout: Sendable, Hashable {
    /// One for each job that can run at once.
    package private(set) var slots: [Slot] = []
    /// The CPUs that slots may have: of the kind that was asked for, and not reserved.
    package private(set) var usable = CPUSet()
    /// The CPUs of the cores that no slot has, by wish.
    package private(set) var reserved = CPUSet()
    /// What people should know: pieces that are smaller than others, CPUs that stay idle.
    package private(set) var notes: [String] = []

    /// A request that this machine cannot meet.
    package struct Impossible: Error, Hashable {
        /// The option at fault.
        package var option: String
        /// Why not.
        package var cause: String
        /// What to do about it.
        package var cure: String
    }

    /// Cuts the machine.
    /// - Throws: `Impossible` where it has no such piece, or nothing is left of it.
    package init(_ mask: AffinityMask, of topology: Topology) throws(Impossible) {
        guard mask.piece != .none else { return }
        usable = try usableCPUs(mask, topology)
        var groups: [Group]
        if case .step(let threads) = mask.piece {
            groups = try Self.steps(of: threads, usable, topology)
        } else if let level = mask.piece.level {
            groups = Self.pieces(level, usable, topology)
        } else {
            return
        }
        guard !groups.isEmpty else {
            let cause =
                usable.isEmpty ? "no CPU is left of \(topology.allowed)" : "this machine shows no \(mask.piece.plural)"
            throw Impossible(
                option: "--affinity \(mask.piece)", cause: cause,
                cure: "Choose another piece: 'cgexec-pool topology' tells what there is")
        }
        if mask.order == .spread { groups = Self.spread(groups, topology, threads: mask.piece == .thread) }
        describe(groups, mask)
        slots = groups.map { Self.slot($0, mask, topology) }
    }

    /// Leaves out the slots that have any of these CPUs.
    mutating func remove(_ cpus: CPUSet) {
        slots.removeAll { $0.owned.map { !$0.isDisjoint(with: cpus) } ?? false }
        usable.subtract(cpus)
    }

    /// CPUs that belong together.
    private struct Group {
        var cpus: CPUSet
        /// Its name in hwloc's way, such as `l3:2`; nil where it is none of the machine's own pieces.
        var name: String?
        /// How many CPUs the piece has that may not be used.
        var missing = 0
    }

    // MARK: What may be used

    private mutating func usableCPUs(_ mask: AffinityMask, _ topology: Topology) throws(Impossible) -> CPUSet {
        var usable = topology.allowed.intersection(topology.cpus)
        if mask.cores != .all {
            guard let kind = mask.cores == .performance ? topology.kinds.last : topology.kinds.first else {
                throw Impossible(
                    option: "--cores \(mask.cores.rawValue)", cause: "all cores of this machine are alike",
                    cure: "Leave it out")
            }
            usable = usable.intersection(kind.cpus)
        }
        let cores = topology[.core].filter { !$0.cpus.isDisjoint(with: usable) }
        guard mask.reserve < max(1, cores.count) else {
            throw Impossible(
                option: "--reserve \(mask.reserve)", cause: "there are only \(cores.count) cores that may be used",
                cure: "Reserve fewer")
        }
        for core in cores.prefix(mask.reserve) { reserved = reserved.union(core.cpus.intersection(usable)) }
        return usable.subtracting(reserved)
    }

    // MARK: Cutting

    private static func pieces(_ level: Topology.Level, _ usable: CPUSet, _ topology: Topology) -> [Group] {
        topology.slotPieces(level).enumerated().compactMap { index, piece in
            let cpus = piece.cpus.intersection(usable)
            guard !cpus.isEmpty else { return nil }
            let number = level == .numa || level == .package || level == .thread ? piece.number ?? index : index
            return Group(cpus: cpus, name: "\(level.rawValue):\(number)", missing: piece.cpus.count - cpus.count)
        }
    }

    /// Groups of whole cores with so many threads each, that cross no cache or node where one is large enough.
    private static func steps(
        of threads: Int, _ usable: CPUSet, _ topology: Topology
    ) throws(Impossible) -> [Group] {
        let cores = topology[.core].map { $0.cpus.intersection(usable) }.filter { !$0.isEmpty }
        let sizes = Set(cores.map(\.count))
        if let size = sizes.first, sizes.count == 1, threads % size != 0 {
            throw Impossible(
                option: "--affinity \(threads)", cause: "slots would share a core: each has \(size) threads",
                cure: "Take a multiple of \(size), or 1")
        }
        guard threads <= usable.count else {
            throw Impossible(
                option: "--affinity \(threads)", cause: "only \(usable.count) hardware threads may be used",
                cure: "Take fewer")
        }
        let levels: [Topology.Level] = [.l2, .l3, .numa, .package]
        let domains =
            levels.lazy.map { topology.slotPieces($0).map(\.cpus) }
            .first { pieces in pieces.contains { $0.count(in: usable) >= threads } } ?? [usable]
        var groups: [Group] = []
        for domain in domains {
            var group = CPUSet()
            for core in cores where core.isSubset(of: domain) {
                if group.count + core.count > threads { group = CPUSet() }
                group = group.union(core)
                if group.count == threads {
                    groups.append(Group(cpus: group))
                    group = CPUSet()
                }
            }
        }
        return groups
    }

    // MARK: Ordering

    /// By turns from each package, in each by turns from each node, and so on. Of threads, the first of each core come
    /// before any second.
    private static func spread(_ groups: [Group], _ topology: Topology, threads: Bool) -> [Group] {
        guard threads else { return spread(groups[...], [.package, .numa, .l3, .l2], topology) }
        var ranks: [Int: Int] = [:]
        for core in topology[.core] {
            for (rank, cpu) in topology.inOrder(core.cpus).enumerated() { ranks[cpu] = rank }
        }
        let byRank = Dictionary(grouping: groups) { ranks[$0.cpus.first ?? 0] ?? 0 }
        return byRank.keys.sorted().flatMap { rank in
            spread((byRank[rank] ?? [])[...], [.package, .numa, .l3, .l2], topology)
        }
    }

    private static func spread(
        _ groups: ArraySlice<Group>, _ levels: ArraySlice<Topology.Level>, _ topology: Topology
    ) -> [Group] {
        guard let level = levels.first, groups.count > 1 else { return Array(groups) }
        let pieces = topology.slotPieces(level)
        let parts = Dictionary(grouping: groups) { group in
            pieces.firstIndex { !$0.cpus.isDisjoint(with: group.cpus) } ?? pieces.count
        }
        let turns = parts.keys.sorted().map { spread((parts[$0] ?? [])[...], levels.dropFirst(), topology) }
        return (0..<(turns.map(\.count).max() ?? 0)).flatMap { turn in
            turns.compactMap { turn < $0.count ? $0[turn] : nil }
        }
    }

    // MARK: Naming

    private static func slot(_ group: Group, _ mask: AffinityMask, _ topology: Topology) -> Slot {
        var slot = Slot(cpus: group.cpus, mems: topology.nearestMems(to: group.cpus))
        if mask.first, let first = topology.inOrder(group.cpus).first {
            slot.cpus = CPUSet([first])
            slot.idle = group.cpus.subtracting(CPUSet([first]))
        }
        slot.name = group.name
        if let name = group.name, group.missing > 0 {
            slot.name = "\(name) (\(group.cpus.count) of \(group.cpus.count + group.missing) CPUs)"
        }
        return slot
    }

    private mutating func describe(_ groups: [Group], _ mask: AffinityMask) {
        let sizes = Dictionary(grouping: groups, by: \.cpus.count).mapValues(\.count)
        if sizes.count > 1 {
            let counts = sizes.keys.sorted(by: >).map { "\(sizes[$0] ?? 0) with \($0)" }.joined(separator: ", ")
            notes.append("the \(mask.piece.plural) differ in how many CPUs may be used: \(counts)")
        }
        let idle = usable.subtracting(groups.reduce(into: CPUSet()) { $0 = $0.union($1.cpus) })
        if !idle.isEmpty { notes.append("CPUs \(idle) are in none of the \(mask.piece.plural) and stay idle") }
    }
}

extension Topology {
    /// These CPUs in the machine's order, in which the first thread of a core comes first.
    func inOrder(_ cpus: CPUSet) -> [Int] { self[.thread].compactMap(\.cpus.first).filter(cpus.contains) }
}
