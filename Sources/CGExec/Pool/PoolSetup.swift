import Glibc

/// From a configuration to a pool that can start: counts slots, sets the budget, and checks that this host can
/// enforce all that is asked. Fails closed: what cannot be enforced is an error.
package struct PoolSetup {
    let kernel: LinuxKernel
    let scheduler: Scheduler.Configuration
    /// Whether libraries are told how many threads to start.
    let setsThreadVariables: Bool
    /// How the machine is cut.
    let machine: MachinePlan
    /// The memory that all jobs together may hold; nil when none is planned.
    package var budget: ByteSize? { budgetPlan?.size }
    /// The same, and why so much.
    package let budgetPlan: BudgetPlan?
    /// The options that were asked for and that nothing enforces here; empty unless that was allowed.
    package let unenforced: [String]
    /// Where what is learned is kept beyond the pool; nil when it is not.
    let learned: LearnedStore?
    /// How many slots, and why.
    package let slots: SlotPlan
    /// What keeps other pools off this one's CPUs; nil where it owns none.
    let claim: ClaimFolder.Held?
    /// What other pools hold.
    let taken: CPUSet
    /// Tells other pools of the memory that this one was given; nil where it was given none by name.
    let memoryClaim: ClaimFolder.Held?
    /// Whether the slots' CPUs were taken from everybody outside the pool.
    let isPartition: Bool
    /// What the pool's user should know, though nothing that was asked for is missing.
    package let warnings: [String]

    /// What a pool is for.
    package struct Purpose {
        /// The jobs that are known before they are submitted: only what these ask for is required of the host.
        package var jobs: [Job]
        /// Whether memory is planned where no budget is given: not for a single transparent command.
        package var plansMemory: Bool
        /// What programs start with.
        package var signals: SignalState
        /// Called when others hold the CPUs that are needed, before waiting for them. While it waits, signals that are blocked
        /// are let through.
        package var onWait: (([Claim]) -> Void)?

        package init(
            jobs: [Job] = [], plansMemory: Bool = true, signals: SignalState = SignalState(),
            onWait: (([Claim]) -> Void)? = nil
        ) {
            self.jobs = jobs
            self.plansMemory = plansMemory
            self.signals = signals
            self.onWait = onWait
        }
    }

    /// Sets everything up at `location`. Nothing runs yet, except the keeper.
    /// - Throws: `HostUnfit` with all that cannot be enforced; `KernelError` when the pool's cgroup cannot be made;
    ///   `LearnedFileError` when the file of what was learned cannot be used.
    package init(
        _ configuration: PoolConfiguration, for purpose: Purpose, at location: Location, reactor: Reactor
    ) throws {
        var needs = LearnedNeeds()
        let host = Host.kind()
        if configuration.learnsMemory, case .file(let path) = configuration.learned {
            let store = LearnedStore(LearnedFile(path), host: host)
            needs = try store.open()
            learned = store
        } else {
            learned = nil
        }
        setsThreadVariables = configuration.setsThreadVariables
        let place = try Self.workplace(configuration, purpose, location)
        do {
            let obstacles = Self.obstacles(configuration, purpose.jobs, place.workplace)
            if !configuration.bestEffort, !obstacles.isEmpty { throw HostUnfit(obstacles) }
            unenforced = Set(obstacles.flatMap { $0.what.split(separator: ", ").map(String.init) }).sorted()
            let own = Host.allowedCPUs()
            var allowed = place.workplace.effectiveCPUs.map(own.intersection) ?? own
            // A partition that was made for pools has CPUs that this process, outside of it, does not have.
            if allowed.isEmpty, let theirs = place.workplace.effectiveCPUs { allowed = theirs }
            let needsTopology = configuration.affinity.piece != .none || purpose.jobs.contains { $0.isPlaced }
            let readTopology = { () throws(HostUnfit) in
                try HwlocTopology.read(allowed: allowed, allowedMems: place.workplace.effectiveMems)
            }
            // Jobs that come later may need it; where none does, nothing depends on it.
            let topology = needsTopology ? try readTopology() : purpose.jobs.isEmpty ? try? readTopology() : nil
            let budget = place.budget?.size
            let claims = MachineSearch.isNeeded(configuration.affinity, purpose.jobs)
            let folder = claims || configuration.budget != nil ? try ClaimFolder.usual() : nil
            let name = configuration.name ?? Host.programName()
            let search = MachineSearch(
                mask: configuration.affinity, topology: topology, allowed: allowed, jobs: purpose.jobs,
                folder: claims ? folder : nil, name: name,
                cgroup: place.workplace.path, waits: configuration.waitsForCPUs)
            let found = try search.find(
                planning: { machine in
                    SlotPlan(
                        configuration.jobs, cpus: machine.cpus.count, pieces: machine.layout?.slots.count,
                        named: configuration.affinity.piece.plural,
                        widest: purpose.jobs.compactMap(\.limits.cpus).max(), budget: budget,
                        leastShare: configuration.leastShare?.resolved(of: budget),
                        largest: purpose.jobs.compactMap { Self.memory(of: $0, budget: budget, needs, on: host) }.max())
                }, onWait: purpose.onWait)
            var machine = found.machine
            let plan = found.plan
            let pieces = machine.layout?.slots
            claim = found.claim
            taken = found.taken
            var warnings: [String] = []
            if claims, folder == nil, !ClaimFolder.isSwitchedOff() {
                warnings.append(
                    "no other pool knows of this one's CPUs, since neither /run/lock/cgexec nor a folder in XDG_RUNTIME_DIR"
                        + " can be used: CGEXEC_CLAIMS names another one")
            }
            if let budget, configuration.budget != nil {
                let others = MemoryClaims(in: folder, below: place.workplace.path)
                if let total = Host.totalMemory() {
                    warnings += [others.warning(budget: budget, total: total)].compactMap { $0 }
                }
                let own = Claim(
                    pid: getpid(), user: geteuid(), name: name, since: civilNow(), memory: budget,
                    cgroup: place.workplace.path)
                do {
                    memoryClaim = try folder?.take { (_: [Claim]) throws(KernelError) in own }
                } catch {
                    memoryClaim = nil
                    warnings.append("other pools are not told of this one's budget: \(error)")
                }
            } else {
                memoryClaim = nil
            }
            let impossible = purpose.jobs.flatMap { job in
                machine.obstacles(to: job, memory: Self.memory(of: job, budget: budget, needs, on: host))
            }
            if !impossible.isEmpty { throw HostUnfit(impossible.withoutRepeats) }
            if let kind = configuration.partition {
                if let reason = try Self.noPartition(kind, configuration, place.workplace, of: machine.cpus) {
                    warnings.append("the pool's CPUs are not taken from others: \(reason)")
                }
            }
            isPartition = place.workplace.partition != nil
            self.warnings = warnings
            self.machine = machine
            scheduler = Scheduler.Configuration(
                slots: pieces.map { Array($0.prefix(plan.count)) } ?? Array(repeating: Slot(), count: plan.count),
                cpus: machine.cpus, topology: topology, budget: budget,
                sharesBudget: configuration.budget != nil && place.workplace.controllers.contains("memory"),
                policy: Policy(
                    mode: configuration.mode, chains: configuration.chains, halt: configuration.halt,
                    learnsMemory: configuration.learnsMemory,
                    leastShare: configuration.leastShare?.resolved(of: budget), reruns: configuration.reruns),
                memoryModel: needs.model(for: host))
            slots = plan
            budgetPlan = place.budget
        } catch {
            place.workplace.close()
            throw error
        }
        kernel = LinuxKernel(
            reactor: reactor, place: place.workplace, signals: purpose.signals,
            watchesPool: configuration.mode == .packed)
        kernel.sampling = configuration.sampling
    }

    /// Room in the pool's own limit beyond the sum of its leaves': with equal limits the kernel would book a job's
    /// OOM on the pool and name the wrong culprit.
    private static let reserve: UInt64 = 16 << 20

    /// Takes the CPUs from others; why it could not, where it is allowed to go on without.
    private static func noPartition(
        _ kind: CPUPartition, _ configuration: PoolConfiguration, _ place: Workplace, of cpus: CPUSet
    ) throws(KernelError) -> String? {
        if configuration.affinity.piece == .none { return "its slots own none; name a piece with --affinity" }
        if place.path == nil { return "there is no cgroup to do that with" }
        do throws(KernelError) {
            try place.makePartition(kind, of: cpus)
            return nil
        } catch {
            guard configuration.bestEffort else { throw error }
            return error.description
        }
    }

    // MARK: Steps

    private static func workplace(
        _ configuration: PoolConfiguration, _ purpose: Purpose, _ location: Location
    ) throws -> (workplace: Workplace, budget: BudgetPlan?) {
        switch location {
        case .subtree(let subtree):
            let budget = budget(
                configuration, purpose, limit: Host.memoryLimit(above: subtree.base, mount: subtree.mount),
                below: subtree.base)
            let enforced = configuration.budget == nil ? nil : budget.map { ByteSize($0.size.bytes + reserve) }
            return (try Workplace(in: subtree, budget: enforced, bestEffort: configuration.bestEffort), budget)
        case .scope(let isRoot):
            let command = Location.scopeCommand(isRoot: isRoot, ["…"]).joined(separator: " ")
            let reason = HostUnfit(
                "limits", cause: "this process is not in a delegated cgroup", cure: "Start it under: \(command)")
            return try workplace(configuration, purpose, .nowhere(reason))
        case .nowhere(let reason):
            let asked = Set(Self.asked(configuration) + purpose.jobs.flatMap(\.limits.needingTree)).sorted()
            if !asked.isEmpty && !configuration.bestEffort {
                throw HostUnfit(
                    reason.reasons.map {
                        .init(what: asked.joined(separator: ", "), cause: $0.cause, cure: $0.cure)
                    })
            }
            let budget = budget(configuration, purpose, limit: nil, below: nil)
            return (Workplace(without: reason, bestEffort: configuration.bestEffort), budget)
        }
    }

    /// The budget that a pool set up there would have, for checking jobs before anything is made.
    package static func plannedBudget(_ configuration: PoolConfiguration, at location: Location) -> ByteSize? {
        guard case .subtree(let subtree) = location else {
            return budget(configuration, Purpose(), limit: nil, below: nil)?.size
        }
        let limit = Host.memoryLimit(above: subtree.base, mount: subtree.mount)
        return budget(configuration, Purpose(), limit: limit, below: subtree.base)?.size
    }

    private static func budget(
        _ configuration: PoolConfiguration, _ purpose: Purpose, limit: ByteSize?, below base: String?
    ) -> BudgetPlan? {
        guard configuration.budget != nil || purpose.plansMemory, let total = Host.totalMemory() else { return nil }
        var promised = ByteSize(0)
        if configuration.budget == nil {
            promised = MemoryClaims(in: (try? ClaimFolder.usual(makes: false)) ?? nil, below: base).sum
        }
        return BudgetPlan(asked: configuration.budget, total: total, limit: limit, promised: promised)
    }

    /// What the configuration asks for that needs a cgroup.
    private static func asked(_ configuration: PoolConfiguration) -> [String] {
        [
            configuration.budget.map { _ in "--budget" }, configuration.cgroup.map { _ in "--cgroup" },
            configuration.affinity.piece == .none ? nil : "--affinity",
            configuration.partition.map { _ in "--partition" },
        ].compactMap { $0 }
    }

    /// What the job asks for, or what is known of such jobs in place of an estimate of its own.
    private static func memory(of job: Job, budget: ByteSize?, _ needs: LearnedNeeds, on host: String) -> ByteSize? {
        if let memory = job.limits.memory { return memory.resolved(of: budget) }
        guard let declared = job.limits.need?.resolved(of: budget) else { return nil }
        let learned = job.category.flatMap {
            needs.estimate(category: $0, size: job.size, declared: declared, on: host)
        }
        return learned ?? declared
    }

    /// Why what was asked for cannot be enforced here; empty when it can.
    private static func obstacles(
        _ configuration: PoolConfiguration, _ jobs: [Job], _ place: Workplace
    ) -> [HostUnfit.Reason] {
        var reasons: [HostUnfit.Reason] = []
        if configuration.budget != nil { reasons += place.obstacles(to: [("--budget", "memory")]) }
        if configuration.affinity.piece != .none { reasons += place.obstacles(to: [("--affinity", "cpuset")]) }
        if configuration.partition != nil {
            reasons += place.obstacles(to: [("--partition", "cpuset")])
            if configuration.affinity.piece == .none {
                reasons.append(
                    .init(
                        what: "--partition", cause: "the pool's slots own no CPUs that could be taken from others",
                        cure: "Name a piece with --affinity, such as core"))
            }
        }
        for job in jobs { reasons += place.obstacles(to: job.limits) }
        if jobs.contains(where: { $0.affinity.map { $0.piece != .none } ?? false }) {
            reasons += place.obstacles(to: [("--affinity", "cpuset")])
        }
        return reasons.withoutRepeats
    }
}

extension Job {
    /// Whether it is to own some of the machine's CPUs.
    fileprivate var isPlaced: Bool {
        limits.cpus != nil || limits.mems != nil || affinity.map { $0.piece != .none } ?? false
    }
}

extension [HostUnfit.Reason] {
    fileprivate var withoutRepeats: [HostUnfit.Reason] { reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
}

extension Workplace {
    /// Why these limits cannot be enforced here; empty when they can.
    func obstacles(to limits: Limits) -> [HostUnfit.Reason] {
        let needed = limits.needingControllers
        var missing = obstacles(to: needed)
        if limits.thrash != nil, pool != nil, !tellsPressure {
            missing.append(
                HostUnfit.Reason(
                    what: "--thrash", cause: "this kernel gives no pressure stall information",
                    cure: "Boot with psi=1, on a kernel with CONFIG_PSI"))
        }
        guard missing.isEmpty, pool == nil, let reason = unfit, !limits.needingTree.isEmpty else {
            return missing
        }
        return [
            HostUnfit.Reason(what: limits.needingTree.joined(separator: ", "), cause: reason.cause, cure: reason.cure)
        ]
    }

    fileprivate func obstacles(to needed: [(String, String)]) -> [HostUnfit.Reason] {
        needed.compactMap { what, controller in
            reason(missing: controller).map { HostUnfit.Reason(what: what, cause: $0.cause, cure: $0.cure) }
        }
    }
}

extension Limits {
    /// The options that need a controller, by the names they were asked with.
    fileprivate var needingControllers: [(option: String, controller: String)] {
        LeafSettings.controllersNeeded(LeafPlan(asked: self)).map { limit, controller in
            (limit == "cpus" && cpuset != nil ? "--cpuset" : "--\(limit)", controller)
        }
    }

    /// The options that hold only if the whole process tree can be limited or ended.
    fileprivate var needingTree: [String] {
        var names = needingControllers.map(\.option)
        if timeout != nil { names.append("--timeout") }
        if cpuTimeout != nil { names.append("--cpu-timeout") }
        if outputLimit != nil { names.append("--output-limit") }
        if delegate { names.append("--delegate") }
        return names
    }
}

extension LeafPlan {
    /// The limits as asked, for finding out what they need; their values are not final.
    fileprivate init(asked limits: Limits) {
        self.init(limits: limits)
        memory = limits.memory.map { $0.resolved(of: nil) ?? ByteSize(0) }
        cpus = limits.cpuset ?? limits.cpus.map { CPUSet(0..<$0) }
        mems = limits.mems
    }
}
