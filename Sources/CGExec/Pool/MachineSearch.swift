import Glibc

/// Finds a pool's part of the machine beside those of other pools, and waits for it where it must.
struct MachineSearch {
    let mask: AffinityMask
    let topology: Topology?
    let allowed: CPUSet
    /// How many CPUs the widest of the known jobs owns; nil where none owns a number of them.
    let widest: Int?
    /// CPUs that jobs name themselves: told to others, and waited for by nobody.
    let named: CPUSet
    let folder: ClaimFolder?
    let name: String
    /// The pool's cgroup.
    let cgroup: String?
    let waits: Bool

    /// A part of the machine, and what keeps others off it.
    struct Found {
        var machine: MachinePlan
        var plan: SlotPlan
        var claim: ClaimFolder.Held?
    }

    /// Looks until there is a place. `onWait` is told who holds what is needed, each time that this changes; without it
    /// signals are not let through.
    func find(
        planning plan: (MachinePlan) -> SlotPlan, onWait: (([Claim]) -> Void)?
    ) throws -> Found {
        var told: [Claim]?
        while true {
            var holders: [Claim] = []
            var found: (machine: MachinePlan, plan: SlotPlan)?
            let claim = try folder?.take { claims throws(HostUnfit) in
                holders = claims.filter { !isAbove($0) }
                found = try look(holders, plan)
                return found.map { self.announcement($0) }
            }
            if folder == nil { found = try look([], plan) }
            if let found { return Found(machine: found.machine, plan: found.plan, claim: claim) }
            let blocking = holders.filter { !$0.cpus.isDisjoint(with: allowed) }
            guard waits, let folder else {
                throw HostUnfit(
                    mask.piece == .none ? "--cpus" : "--affinity \(mask)",
                    cause: "other pools hold what is needed: \(blocking.map(\.description).joined(separator: "; "))",
                    cure: "Wait for their end, or take fewer CPUs")
            }
            if told != blocking { onWait?(blocking) }
            told = blocking
            folder.awaitEnd(of: blocking, letsSignalsThrough: onWait != nil)
        }
    }

    /// Whether we are a part of what that pool holds.
    private func isAbove(_ claim: Claim) -> Bool {
        guard let theirs = claim.cgroup, let cgroup else { return false }
        return cgroup.hasPrefix(theirs + "/")
    }

    /// The part that is left; nil when that is none.
    private func look(
        _ holders: [Claim], _ plan: (MachinePlan) -> SlotPlan
    ) throws(HostUnfit) -> (machine: MachinePlan, plan: SlotPlan)? {
        let taken = holders.reduce(CPUSet()) { $0.union($1.cpus) }
        var machine: MachinePlan
        do throws(SlotLayout.Impossible) {
            machine = try MachinePlan(mask, of: topology, allowed: allowed, taken: taken)
        } catch {
            throw HostUnfit(error)
        }
        if let layout = machine.layout, layout.slots.isEmpty { return nil }
        if let widest, machine.cpus.count < min(widest, allowed.count) { return nil }
        let plan = plan(machine)
        if machine.layout == nil, let widest { machine.narrow(to: widest * plan.count) }
        return (machine, plan)
    }

    /// What is told to others.
    private func announcement(_ found: (machine: MachinePlan, plan: SlotPlan)) -> Claim {
        var cpus = named
        if let layout = found.machine.layout {
            for slot in layout.slots.prefix(found.plan.count) { cpus.formUnion(slot.owned ?? CPUSet()) }
        } else if widest != nil {
            cpus.formUnion(found.machine.cpus)
        }
        return Claim(pid: getpid(), user: geteuid(), name: name, since: civilNow(), cpus: cpus, cgroup: cgroup)
    }
}
