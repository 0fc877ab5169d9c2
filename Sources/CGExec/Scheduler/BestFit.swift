/// Which CPUs a job gets that asked for a number of them: those that lie together where the least is broken up.
struct BestFit: Sendable {
    /// Cores, caches, nodes, packages, and all: from the narrowest to the widest.
    private let domains: [[CPUSet]]
    private let cores: [CPUSet]
    /// The memory nodes of some CPUs; empty where the machine's shape is not known.
    private let topology: Topology?

    /// Without a topology each CPU counts as a core, and all are equally near.
    init(_ topology: Topology?, cpus: CPUSet) {
        self.topology = topology
        func sets(_ level: Topology.Level) -> [CPUSet] {
            topology?.slotPieces(level).map { $0.cpus.intersection(cpus) }.filter { !$0.isEmpty } ?? []
        }
        cores = topology == nil ? cpus.members.map { CPUSet([$0]) } : sets(.core)
        let levels = [.core, .l2, .l3, .numa, .package].map(sets).filter { !$0.isEmpty }
        domains = levels + [[cpus]]
    }

    /// CPUs for one attempt.
    struct Choice: Hashable {
        var cpus: CPUSet
        /// The other threads of its cores, where these are to stay idle.
        var idle = CPUSet()
        var mems: CPUSet?
    }

    /// So many of the free CPUs; nil where there are not enough. Best fit: of the narrowest kind of piece that has
    /// enough, the one with least to spare, so that larger ones stay whole for those that need them.
    func choose(_ count: Int, from free: CPUSet, keepingCoresWhole: Bool) -> Choice? {
        var free = free
        if keepingCoresWhole {
            for core in cores where !core.isSubset(of: free) { free = free.subtracting(core) }
        }
        guard free.count >= count, let domain = narrowest(with: count, of: free) else { return nil }
        let cpus = take(count, of: domain.intersection(free))
        var choice = Choice(cpus: cpus, mems: topology?.nearestMems(to: cpus))
        if keepingCoresWhole {
            choice.idle = wholeCores(of: cpus).subtracting(cpus)
        }
        return choice
    }

    /// All threads of the cores that any of these CPUs is in.
    func wholeCores(of cpus: CPUSet) -> CPUSet {
        cores.reduce(cpus) { $1.isDisjoint(with: cpus) ? $0 : $0.union($1) }
    }

    private func narrowest(with count: Int, of free: CPUSet) -> CPUSet? {
        for level in domains {
            let fitting = level.lazy.map { (set: $0, count: $0.count(in: free)) }.filter { $0.count >= count }
            if let best = fitting.min(by: { $0.count < $1.count }) { return best.set }
        }
        return nil
    }

    /// Whole cores first; of what is left over, the rest of a core that somebody else has begun.
    private func take(_ count: Int, of free: CPUSet) -> CPUSet {
        var chosen = CPUSet()
        var left = count
        for core in cores where left >= core.count && core.isSubset(of: free) {
            chosen = chosen.union(core)
            left -= core.count
        }
        guard left > 0 else { return chosen }
        let rest = free.subtracting(chosen)
        let begun = cores.filter { !$0.isSubset(of: rest) }.reduce(CPUSet()) { $0.union($1.intersection(rest)) }
        let order = begun.members + rest.subtracting(begun).members
        return chosen.union(CPUSet(order.prefix(left)))
    }
}
