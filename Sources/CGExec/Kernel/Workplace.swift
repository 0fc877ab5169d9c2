import Glibc
import Synchronization
import SystemPackage

/// A pool's own cgroup, below which each attempt gets its leaf; and the keeper that removes it should we die.
final class Workplace {
    /// The pool's cgroup; nil where there is none to work in and nothing that was asked for needs one.
    let pool: Cgroup?
    /// The controllers that leaves have.
    let controllers: Set<String>
    let bestEffort: Bool
    let oomCounters: OOMCounters?
    /// Why there is no cgroup to work in.
    let unfit: HostUnfit.Reason?

    private let subtree: Subtree?
    private var keeper: Keeper?
    /// Held while we live.
    private let lock: Descriptor?
    private var renewals = 0
    /// What is amiss with the keeper, for the records of the jobs that run meanwhile.
    private(set) var keeperTrouble: String?
    /// The name of the pool's cgroup in its subtree.
    let name: String

    /// Makes the pool's cgroup in `subtree`, with everything enabled that can be, and starts the keeper.
    convenience init(in subtree: Subtree, budget: ByteSize?, bestEffort: Bool) throws(KernelError) {
        var subtree = subtree
        try subtree.moveIn()
        do throws(KernelError) {
            try self.init(entered: subtree, budget: budget, bestEffort: bestEffort)
        } catch {
            subtree.moveOut()
            throw error
        }
    }

    private init(entered subtree: Subtree, budget: ByteSize?, bestEffort: Bool) throws(KernelError) {
        let base = try Cgroup.open(subtree.base)
        try base.checkFileSystem(mount: subtree.mount)
        // "threaded", "domain invalid", and "domain threaded", whose new children are invalid. The root has no type.
        if let type = try base.read("cgroup.type"), type != "domain\n" {
            throw KernelError(.open, subtree.base, .notSupported)
        }
        _ = try Controllers.enable(in: base)
        AbandonedPools.remove(in: base)
        let name = Self.freeName(in: base)
        let path = subtree.base + "/" + name
        // Before the cgroup, so that there is no moment at which our death would leave one.
        let keeper = try Keeper(pool: path, home: subtree.home)
        do throws(KernelError) {
            var enabled: Set<String> = []
            pool = try Self.makePool(name, in: base, budget: budget, &enabled)
            lock = AbandonedPools.lock(path)
            controllers = enabled
        } catch {
            keeper.dismiss()
            throw error
        }
        self.keeper = keeper
        self.subtree = subtree
        self.bestEffort = bestEffort
        self.name = name
        unfit = nil
        oomCounters = controllers.contains("memory") ? OOMCounters(pool: path, mount: subtree.mount.path) : nil
    }

    /// Makes the pool's cgroup, enables what can be enabled for the leaves, and limits the pool.
    private static func makePool(
        _ name: String, in base: borrowing Cgroup, budget: ByteSize?, _ controllers: inout Set<String>
    ) throws(KernelError) -> Cgroup {
        let pool = try base.makeChild(name)
        do throws(KernelError) {
            controllers = try Controllers.enable(in: pool)
            if let budget, controllers.contains("memory") { try limit(pool, to: budget) }
            return pool
        } catch {
            try? base.removeChild(name)
            throw error
        }
    }

    /// Limits the pool as a whole. Not its swap, which would void what a job asks for: within a budget each leaf has a
    /// limit of its own, and no swap unless its job asked for some.
    private static func limit(_ pool: borrowing Cgroup, to budget: ByteSize) throws(KernelError) {
        var settings = LeafSettings(controllers: ["memory"], bestEffort: false)
        try settings.setMemory(budget, in: pool)
    }

    /// Works without a cgroup, for what needs none; `reason` tells why there is none.
    init(without reason: HostUnfit, bestEffort: Bool) {
        pool = nil
        controllers = []
        self.bestEffort = bestEffort
        oomCounters = nil
        subtree = nil
        keeper = nil
        lock = nil
        name = ""
        unfit = reason.reasons.first
    }

    /// Starts another keeper whenever somebody kills the one there is: without it, our own death would leave the jobs.
    func watchKeeper(on reactor: Reactor) {
        do throws(KernelError) {
            try keeper?.watch(on: reactor) { [unowned self] in renewKeeper(on: reactor) }
        } catch {
            keeperTrouble = "its keeper is not watched: \(error)"
        }
    }

    private func renewKeeper(on reactor: Reactor) {
        guard let subtree else { return }
        keeper = nil
        renewals += 1
        let risk = "should cgexec die as well, this job lives on"
        guard renewals <= Self.mostRenewals else {
            keeperTrouble = "its keeper was killed \(renewals) times and is not there any more: \(risk)"
            return
        }
        do throws(KernelError) {
            keeper = try Keeper(pool: subtree.base + "/" + name, home: subtree.home)
            watchKeeper(on: reactor)
        } catch {
            keeperTrouble = "its keeper was killed: \(risk); \(error)"
        }
    }

    /// Who keeps killing it is not to keep us busy.
    static let mostRenewals = 10

    /// How far the pool's CPUs are its own.
    private(set) var partition: CPUPartition?

    /// Takes these CPUs from all other cgroups.
    func makePartition(_ kind: CPUPartition, of cpus: CPUSet) throws(KernelError) {
        switch pool {
        case .some(let pool): try Partition.make(kind, of: cpus, in: pool)
        case nil: return
        }
        partition = kind
    }

    /// Why the partition is not in force any more; nil when it is, or there is none.
    var partitionTrouble: String? {
        guard let partition else { return nil }
        switch pool {
        case .some(let pool): return Partition.trouble(partition, in: pool)
        case nil: return nil
        }
    }

    /// The same as an error, where it keeps programs from starting: not in force is not in force, also when it was at first.
    var partitionLoss: KernelError? {
        guard let partition, !bestEffort, let trouble = partitionTrouble else { return nil }
        return KernelError(
            .verify, (path ?? name) + "/" + Partition.file, .invalidArgument, value: partition.rawValue,
            cure: "\(trouble): something took CPUs from the pool; start it anew when they are back")
    }

    /// Calls `changed` when a control file of the pool's cgroup changes; nil where it cannot be watched.
    func watchPool(_ file: String, on reactor: Reactor, _ changed: @escaping () -> Void) -> ControlWatch? {
        switch pool {
        case .some(let pool): try? ControlWatch(file, in: pool.directory.raw, on: reactor, changed)
        case nil: nil
        }
    }

    /// Why a controller is missing; nil when it is there. Found out when it is asked, since few ask.
    func reason(missing controller: String) -> HostUnfit.Reason? {
        guard !controllers.contains(controller) else { return nil }
        return unfit ?? subtree.map { Controllers.missing(controller, below: $0.base, mount: $0.mount) }
    }

    /// Makes the leaf of an attempt, with its limits in force; nil where there is no cgroup to work in.
    func makeLeaf(_ name: String, _ plan: LeafPlan) throws(KernelError) -> Leaf? {
        if let partitionLoss { throw partitionLoss }
        return switch pool {
        case .some(let pool): try .make(name, in: pool, plan, controllers: controllers, bestEffort: bestEffort)
        case nil: nil
        }
    }

    /// The pool's cgroup; nil where there is none.
    var path: String? { subtree.map { $0.base + "/" + name } }

    /// The CPUs that leaves can be given; nil where nothing narrows them.
    var effectiveCPUs: CPUSet? {
        pool?.readIfPossible("cpuset.cpus.effective").flatMap { try? CPUSet(parsing: $0) }
    }

    /// The memory nodes that leaves can be given; nil where nothing narrows them.
    var effectiveMems: CPUSet? {
        pool?.readIfPossible("cpuset.mems.effective").flatMap { try? CPUSet(parsing: $0) }
    }

    /// What the pool needs of memory now; nil without the memory controller.
    var memoryNeed: MemoryNeed? {
        switch pool {
        case .some(let pool): MemoryNeed(of: pool)
        case nil: nil
        }
    }

    /// Listens to what the pool's cgroup tells of its memory; nil where there is none.
    func alarm(
        on reactor: Reactor, leaves: @escaping () -> [AttemptID: StallShares.Figures],
        onPressure: @escaping () -> Void, onLimit: @escaping () -> Void
    ) -> PoolAlarm? {
        switch pool {
        case .some(let pool):
            PoolAlarm(of: pool, on: reactor, leaves: leaves, onPressure: onPressure, onLimit: onLimit)
        case nil: nil
        }
    }

    /// Whether leaves tell how long their tasks stalled.
    var tellsPressure: Bool {
        switch pool {
        case .some(let pool): pool.has("memory.pressure")
        case nil: false
        }
    }

    /// Removes the leaf of an attempt.
    func removeLeaf(_ name: String) throws(Errno) { try pool?.removeChild(name) }

    /// Whether a process is in one of the leaves.
    func owns(process: Int32) -> Bool {
        guard let subtree, let cgroup = subtree.mount.ownCgroup(procCgroup: readFile("/proc/\(process)/cgroup") ?? "")
        else {
            return false
        }
        return cgroup.hasPrefix(subtree.base + "/" + name + "/")
    }

    /// Removes the pool's cgroup and ends the keeper. To be called when no attempt is left; what cannot be removed is
    /// left to the keeper, which waits for it.
    func close() {
        guard let subtree else { return }
        guard let base = try? Cgroup.open(subtree.base), (try? base.removeChild(name)) != nil else { return }
        subtree.moveOut()
        keeper?.dismiss()
        keeper = nil
    }

    /// How many names were given in this process: two pools that are made at once get two.
    private static let names = Atomic<Int>(0)

    /// `cgexec-<pid>-<n>`, and not one that an earlier process of this number left.
    private static func freeName(in base: borrowing Cgroup) -> String {
        while true {
            let name = "\(Subtree.poolPrefix)\(getpid())-\(names.add(1, ordering: .relaxed).newValue)"
            if !base.has(name) { return name }
        }
    }
}
