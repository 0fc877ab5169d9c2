/// Which CPUs a job gets that asked for a number of them: those that lie together where the least is broken up.
struct BestFit: Sendable {
    /// A piece of the machine and the cores in it.
    private struct Domain {
        var cpus: CPUSet
        var cores: [CPUSet]
    }

    /// Cores, caches, nodes, packages, and all: from the narrowest to the widest.
    private let domains: [[Domain]]
    private let cores: [CPUSet]
    /// The CPUs of each memory node; empty where there is but one.
    let nodes: [CPUSet]
    /// Nil where the machine's shape is not known; then each CPU counts as a core, and all are equally near.
    private let topology: Topology?

    init(_ topology: Topology?, cpus: CPUSet) {
        self.topology = topology
        func sets(_ level: Topology.Level) -> [CPUSet] {
            topology?.slotPieces(level).map { $0.cpus.intersection(cpus) }.filter { !$0.isEmpty } ?? []
        }
        let cores = sets(.core)
        self.cores = cores
        let nodes = sets(.numa)
        self.nodes = nodes.count > 1 ? nodes : []
        let levels = [.core, .l2, .l3, .numa, .package].map(sets).filter { !$0.isEmpty } + [[cpus]]
        domains = levels.map { level in
            level.map { piece in Domain(cpus: piece, cores: cores.filter { !$0.isDisjoint(with: piece) }) }
        }
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
        guard topology != nil else {
            return free.count < count ? nil : Choice(cpus: free.prefix(count))
        }
        var free = free
        if keepingCoresWhole {
            for core in cores where !core.isSubset(of: free) { free.subtract(core) }
        }
        guard let domain = narrowest(with: count, of: free) else { return nil }
        let cpus = take(count, of: domain, free)
        var choice = Choice(cpus: cpus, mems: topology?.nearestMems(to: cpus))
        if keepingCoresWhole {
            choice.idle = wholeCores(of: cpus).subtracting(cpus)
        }
        return choice
    }

    /// All threads of the cores that any of these CPUs is in.
    func wholeCores(of cpus: CPUSet) -> CPUSet {
        var whole = cpus
        for core in cores where !core.isDisjoint(with: cpus) { whole.formUnion(core) }
        return whole
    }

    private func narrowest(with count: Int, of free: CPUSet) -> Domain? {
        for level in domains {
            var best: (domain: Domain, free: Int)?
            for domain in level {
                let there = domain.cpus.count(in: free)
                if there == count { return domain }  // none has less to spare
                if there > count, there < best?.free ?? .max { best = (domain, there) }
            }
            if let best { return best.domain }
        }
        return nil
    }

    /// Whole cores first; of what is left over, the rest of a core that somebody else has begun.
    private func take(_ count: Int, of domain: Domain, _ free: CPUSet) -> CPUSet {
        var chosen = CPUSet()
        var left = count
        for core in domain.cores where left > 0 {
            let size = core.count
            if size <= left, core.isSubset(of: free) {
                chosen.formUnion(core)
                left -= size
            }
        }
        guard left > 0 else { return chosen }
        let rest = domain.cpus.intersection(free).subtracting(chosen)
        var begun = CPUSet()
        for core in domain.cores where !core.isSubset(of: rest) { begun.formUnion(core) }
        let finishing = begun.intersection(rest)
        let order = finishing.members + rest.subtracting(finishing).members
        chosen.formUnion(CPUSet(order.prefix(left)))
        return chosen
    }
}
