import CLinux
import Glibc
import SystemPackage

/// One attempt's own cgroup: fresh, used once, removed. Counters start at zero, and a leaf that was killed once kills
/// whatever is cloned into it later (kernels of 2025 on), so a leaf is never used again.
struct Leaf: ~Copyable {
    let cgroup: Cgroup
    /// Where the program starts when the leaf is delegated: the leaf itself must stay free of processes to be divided.
    let inner: Descriptor?
    let settings: LeafSettings

    /// Makes the leaf below `pool` and puts the plan's limits in force; leaves nothing behind when that fails.
    static func make(
        _ name: String, in pool: borrowing Cgroup, _ plan: LeafPlan, controllers: Set<String>, bestEffort: Bool
    ) throws(KernelError) -> Leaf {
        let cgroup = try pool.makeChild(name)
        do throws(KernelError) {
            var settings = LeafSettings(controllers: controllers, bestEffort: bestEffort)
            try settings.apply(plan, to: cgroup)
            let inner = plan.delegate ? try delegate(cgroup) : nil
            return Leaf(cgroup: cgroup, inner: inner, settings: settings)
        } catch {
            try? pool.removeChild(name)
            throw error
        }
    }

    private init(cgroup: consuming Cgroup, inner: consuming Descriptor?, settings: LeafSettings) {
        self.cgroup = cgroup
        self.inner = inner
        self.settings = settings
    }

    private static func delegate(_ cgroup: borrowing Cgroup) throws(KernelError) -> Descriptor {
        _ = try Controllers.enable(in: cgroup)
        var mark = UInt8(ascii: "1")
        guard setxattr(cgroup.path, "user.delegate", &mark, 1, 0) == 0 else {
            throw KernelError(
                .write, cgroup.path, Errno(rawValue: errno), value: "user.delegate",
                cure: "Marking a cgroup as delegated needs Linux 5.7 or later")
        }
        let inner = try cgroup.makeChild(Subtree.innerName)
        do throws(Errno) {
            return try .open(".", in: inner.directory.raw, O_RDONLY | O_DIRECTORY)
        } catch {
            throw KernelError(.open, inner.path, error)
        }
    }

    /// The directory to clone into; stays valid as long as the leaf.
    var entrance: Int32 {
        switch inner {
        case .some(let inner): inner.raw
        case nil: cgroup.directory.raw
        }
    }

    /// The leaf's directory; valid as long as the leaf.
    var directory: Int32 { cgroup.directory.raw }

    /// The CPU time of the tree so far.
    var cpuTime: Duration? {
        cgroup.readIfPossible("cpu.stat").flatMap { FlatKeyed($0)["usage_usec"] }.map {
            .microseconds(Int64(clamping: $0))
        }
    }

    /// The memory of the tree now.
    var memoryNow: UInt64? { SingleValue(cgroup.readIfPossible("memory.current"))?.number }

    /// How its CPUs or memory nodes differ from those that it was given: when one is taken offline, or a cgroup above is
    /// narrowed, the kernel lets it run on with what is left, or on all that the parent has (cgroup-v2.rst,
    /// cpuset.cpus.effective). Nil where nothing changed.
    private var changedPlacement: String? {
        guard settings.controllers.contains("cpuset"), let given = settings.placement else { return nil }
        func change(_ what: String, _ given: CPUSet?, _ file: String) -> String? {
            guard let given, let now = cgroup.readIfPossible(file).flatMap({ try? CPUSet(parsing: $0) }), now != given
            else { return nil }
            return "its \(what) were \(given) at first and \(now) at the end"
        }
        return change("CPUs", given.cpus, "cpuset.cpus.effective")
            ?? change("memory nodes", given.mems, "cpuset.mems.effective")
    }

    /// What the tree needs of memory now; nil without the memory controller.
    var memoryNeed: MemoryNeed? { MemoryNeed(of: cgroup) }

    /// Calls `exceeded` when it stalls for longer than allowed at its own limit, until the watch goes.
    func watchThrashing(
        _ limit: ThrashLimit, on reactor: Reactor, exceeded: @escaping () -> Void
    ) throws(KernelError) -> ThrashWatch {
        try ThrashWatch(limit, of: cgroup, on: reactor, exceeded: exceeded)
    }

    /// What tells whether it stalls for its own limit; nil without pressure stall information or the memory controller.
    var stall: StallShares.Figures? {
        guard let pressure = cgroup.readIfPossible("memory.pressure"),
            let stalled = StallWitness.total(.some, pressure),
            let hits = cgroup.readIfPossible("memory.events").flatMap({ FlatKeyed($0)["max"] })
        else { return nil }
        return StallShares.Figures(stalled: stalled, limitHits: hits)
    }

    /// Whether a process is left; a leaf that is gone has none. True where it cannot be told, as without a free
    /// descriptor: what may still run is not to be called ended.
    var isPopulated: Bool {
        do throws(KernelError) {
            return try cgroup.isPopulated() ?? false
        } catch {
            return true
        }
    }

    /// Kills everything in the leaf. False when the kernel refuses.
    func kill() -> Bool { (try? cgroup.kill()) != nil }

    /// What the tree used, and what disturbed it as far as the leaf tells.
    func account() -> ValiditySigns {
        var signs = CGExec.account(for: cgroup, controllers: settings.controllers, isDelegated: isDelegated)
        if let change = changedPlacement { signs.disturbances.append(change) }
        for (file, before) in settings.effective.sorted(by: { $0.key < $1.key }) where !file.hasPrefix("cpuset.") {
            let now = cgroup.readIfPossible(file)?.split(separator: "\n").joined(separator: "; ")
            if now == before { continue }
            signs.changedLimits.append(
                "its \(file) was \(before) at first and \(now ?? "not there any more") at the end")
        }
        return signs
    }

    /// Whether the kernel tells how long the leaf was frozen (6.18); else one has to look when it changes.
    var tellsFrozenTime: Bool { cgroup.has("cgroup.stat.local") }

    private var isDelegated: Bool { inner != nil }

    /// The counters that tell whether, and for whose limit, the OOM killer struck. Nil without the memory controller.
    func memoryEvidence(before: OOMCounters.Counts, after: OOMCounters.Counts) -> MemoryEvidence? {
        guard settings.controllers.contains("memory"),
            let events = cgroup.readIfPossible("memory.events").map(FlatKeyed.init)
        else {
            return nil
        }
        // Before 5.2 there is no local file, and events count the subtree; a leaf has none unless delegated.
        let local = cgroup.readIfPossible("memory.events.local").map(FlatKeyed.init) ?? events
        let oomAtLeaf = local["oom"] ?? 0
        // Below a delegated leaf, limits of its own may have taken victims that were not the whole job. What takes the
        // leaf as a whole is counted at the leaf, for its memory.oom.group (5.17); before that, only its own limit
        // tells.
        var victims = events["oom_kill"]
        if isDelegated { victims = local["oom_group_kill"] ?? (oomAtLeaf > 0 ? victims : 0) }
        guard let kills = victims else { return nil }
        return MemoryEvidence(
            killsInLeaf: kills, oomAtLeaf: oomAtLeaf, oomAtPool: after.pool &- min(before.pool, after.pool),
            oomAbove: after.above &- min(before.above, after.above))
    }

    /// Where forks that fail for the leaf's `pids.max` are counted: at the limit, but before 6.11 where the fork was
    /// tried (cgroup-v2.rst, pids_localevents), which in a delegated leaf is the inner one.
    var forkFailureFiles: [String] {
        guard settings.controllers.contains("pids") else { return [] }
        // Without those that limits of the job's own, further down, have refused.
        if cgroup.has("pids.events.local") { return ["pids.events.local"] }
        return isDelegated ? ["pids.events", "\(Subtree.innerName)/pids.events"] : ["pids.events"]
    }

    /// How often a fork failed for `pids.max` at this leaf.
    func forkFailures() -> UInt64 {
        forkFailureFiles.reduce(0) { sum, file in
            sum + (cgroup.readIfPossible(file).flatMap { FlatKeyed($0)["max"] } ?? 0)
        }
    }
}
