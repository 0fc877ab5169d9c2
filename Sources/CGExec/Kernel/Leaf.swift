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

    /// What the tree needs of memory now; nil without the memory controller.
    var memoryNeed: MemoryNeed? { MemoryNeed(of: cgroup) }

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

    /// What the tree used.
    func account() -> Usage { CGExec.account(for: cgroup, controllers: settings.controllers) }

    /// The counters that tell whether, and for whose limit, the OOM killer struck. Nil without the memory controller.
    func memoryEvidence(before: OOMCounters.Counts, after: OOMCounters.Counts) -> MemoryEvidence? {
        guard settings.controllers.contains("memory"),
            let events = cgroup.readIfPossible("memory.events").map(FlatKeyed.init), let kills = events["oom_kill"]
        else {
            return nil
        }
        // Before 5.2 there is no local file, and events count the subtree; a leaf has none unless delegated.
        let local = cgroup.readIfPossible("memory.events.local").map(FlatKeyed.init) ?? events
        return MemoryEvidence(
            killsInLeaf: kills, oomAtLeaf: local["oom"] ?? 0,
            oomAtPool: after.pool &- min(before.pool, after.pool),
            oomAbove: after.above &- min(before.above, after.above))
    }

    /// How often a fork failed for `pids.max` at this leaf.
    func forkFailures() -> UInt64 {
        guard settings.controllers.contains("pids") else { return 0 }
        return cgroup.readIfPossible("pids.events").flatMap { FlatKeyed($0)["max"] } ?? 0
    }
}
