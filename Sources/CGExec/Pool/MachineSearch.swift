import Glibc

/// Finds a pool's part of the machine beside those of other pools, and waits for it where it must.
struct MachineSearch {
    let mask: AffinityMask
    let topology: Topology?
    let allowed: CPUSet
    /// The jobs that are known.
    let jobs: [Job]
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
        /// What others hold.
        var taken = CPUSet()
    }

    /// Whether a pool for these jobs has CPUs that others are to keep off.
    static func isNeeded(_ mask: AffinityMask, _ jobs: [Job]) -> Bool {
        mask.piece != .none || jobs.contains { $0.limits.cpuset != nil || $0.ownsPart }
    }

    /// Looks until there is a place. `onWait` is told who holds what is needed, each time that this changes; without it
    /// signals are not let through.
    func find(planning plan: (MachinePlan) -> SlotPlan, onWait: (([Claim]) -> Void)?) throws -> Found {
        try checkWhole()
        var told: [Claim]?
        while true {
            var found: Found?
            var blocking: [Claim] = []
            let claim = try folder?.take { claims throws(HostUnfit) in
                let others = claims.filter { !contains($0) }
                blocking = others.filter { !$0.cpus.isDisjoint(with: allowed) }
                found = try look(others, plan)
                return found.map { announcement($0) }
            }
            if folder == nil { found = try look([], plan) }
            if var found {
                found.claim = claim
                return found
            }
            // Who waits for us, and whom we would wait for.
            let own = blocking.filter { isAncestor($0) }
            guard waits, own.isEmpty, let folder else {
                var refusal = HostUnfit(
                    option, cause: "other pools hold what is needed: \(list(own.isEmpty ? blocking : own))",
                    cure: own.isEmpty
                        ? "Wait for their end, or take fewer CPUs"
                        : "This one would wait for a pool that waits for it: give that pool fewer slots, or the job that"
                            + " this one is in CPUs of its own")
                refusal.reasons = refusal.reasons.map { reason in
                    var reason = reason
                    reason.isLeftOutByBestEffort = false
                    return reason
                }
                throw refusal
            }
            if told != blocking { onWait?(blocking) }
            told = blocking
            folder.awaitEnd(of: blocking, letsSignalsThrough: onWait != nil)
        }
    }

    private var option: String { mask.piece == .none ? "--cpus" : "--affinity \(mask)" }

    private func list(_ claims: [Claim]) -> String { claims.map(\.description).joined(separator: "; ") }

    // MARK: Pools around this one

    /// Whether that pool gave us what we have: we are in a job of it, which has CPUs of its own.
    private func contains(_ claim: Claim) -> Bool {
        guard let theirs = claim.cgroup, let cgroup, cgroup.hasPrefix(theirs + "/"),
            let job = cgroup.dropFirst(theirs.count + 1).split(separator: "/").first
        else { return allowed != claim.cpus && allowed.isSubset(of: claim.cpus) && isAncestor(claim) }
        let given = readFile("\(theirs)/\(job)/cpuset.cpus") ?? ""
        return !given.allSatisfy(\.isWhitespace)
    }

    /// Whether that pool is in a process that this one descends from, or in this one.
    private func isAncestor(_ claim: Claim) -> Bool {
        if let theirs = claim.cgroup, let cgroup, cgroup.hasPrefix(theirs + "/") { return true }
        var process = getpid()
        while process > 1 {
            if process == claim.pid { return true }
            process = ProcessStat(of: process)?.parent ?? 0
        }
        return false
    }

    // MARK: Looking

    /// The most CPUs that one of the jobs owns by number; nil where none does.
    private var widest: Int? { jobs.compactMap(\.limits.cpus).max() }

    /// What this machine could not give if nobody else were there.
    private func checkWhole() throws(HostUnfit) {
        var machine = try cut(CPUSet())
        if let widest, widest > machine.cpus.count {
            throw HostUnfit(
                "--cpus \(widest)", cause: "the pool has only \(machine.cpus.count) CPUs (\(machine.cpus))",
                cure: "Ask for fewer, or reserve fewer cores")
        }
        for job in jobs {
            do throws(SlotLayout.Impossible) {
                _ = try machine.pieces(for: job)
            } catch {
                throw HostUnfit(error)
            }
        }
    }

    private func cut(_ taken: CPUSet) throws(HostUnfit) -> MachinePlan {
        do throws(SlotLayout.Impossible) {
            return try MachinePlan(mask, of: topology, allowed: allowed, taken: taken)
        } catch {
            throw HostUnfit(error)
        }
    }

    /// The part that is left; nil when that is none.
    private func look(_ others: [Claim], _ plan: (MachinePlan) -> SlotPlan) throws(HostUnfit) -> Found? {
        let taken = others.reduce(CPUSet()) { $0.union($1.cpus) }
        var machine = try cut(taken)
        if let layout = machine.layout, layout.slots.isEmpty { return nil }
        if let widest, machine.cpus.count < widest { return nil }
        for job in jobs where (try? machine.pieces(for: job)) == nil { return nil }
        let plan = plan(machine)
        let hasPieces = jobs.contains { $0.affinity.map { $0.piece != .none && $0 != mask } ?? false }
        if let layout = machine.layout, widest == nil, !hasPieces {
            machine.narrow(to: layout.slots.prefix(plan.count))
        } else if machine.layout == nil, let widest, !hasPieces {
            machine.narrow(to: widest * plan.count)
        }
        return Found(machine: machine, plan: plan, taken: taken)
    }

    /// What is told to others: the CPUs that jobs may own, and those that they name.
    private func announcement(_ found: Found) -> Claim {
        var cpus = jobs.compactMap(\.limits.cpuset).reduce(CPUSet()) { $0.union($1) }
        if mask.piece != .none || jobs.contains(where: \.ownsPart) { cpus.formUnion(found.machine.cpus) }
        return Claim(pid: getpid(), user: geteuid(), name: name, since: civilNow(), cpus: cpus, cgroup: cgroup)
    }
}

extension Job {
    /// Whether it owns CPUs that the pool chooses.
    fileprivate var ownsPart: Bool { limits.cpus != nil || affinity.map { $0.piece != .none } ?? false }
}
