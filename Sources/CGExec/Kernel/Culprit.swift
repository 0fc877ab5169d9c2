/// The counters that say whose limit an OOM kill enforced. The kernel counts `oom` where the limit was hit and
/// `oom_kill` where the victim was (cgroup-v2.rst, memory.events), so no single file tells.
struct MemoryEvidence: Sendable, Equatable {
    /// `oom_kill` of the leaf, everything below it included.
    var killsInLeaf: UInt64
    /// `oom` of the leaf itself.
    var oomAtLeaf: UInt64
    /// How much `oom` of the pool's cgroup itself rose while the attempt ran.
    var oomAtPool: UInt64
    /// How much `oom` of the cgroups above rose in that time, all together.
    var oomAbove: UInt64

    /// Whose limit killed the tree; nil when the OOM killer did not touch it.
    var culprit: Outcome.Culprit? {
        guard killsInLeaf > 0 else { return nil }
        if oomAtLeaf > 0 { return .job }
        if oomAtPool > 0 { return .pool }
        if oomAbove > 0 { return .ancestor }
        return .host
    }
}

/// The `oom` counters of the pool's cgroup and of those above it, kept open for cheap reading.
final class OOMCounters {
    private var files: [Int32] = []
    private var poolHasCounter = false

    /// Opens the counters from the pool's cgroup up to the root of the hierarchy, which has none.
    init(pool: String, mount: String) {
        var path = pool
        while path.hasPrefix(mount), path != mount {
            // Where a job runs without a limit of ours, a missing file is no error: nothing can be hit there then.
            if let file = try? Descriptor.open(path + "/memory.events.local", 0) {
                files.append(file.release())
                if path == pool { poolHasCounter = true }
            }
            path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        }
    }

    deinit { for file in files { _ = Descriptor(owning: file) } }

    struct Counts: Sendable, Equatable {
        var pool: UInt64 = 0
        var above: UInt64 = 0
    }

    func read() -> Counts {
        var counts = Counts()
        for (index, raw) in files.enumerated() {
            let file = Descriptor(owning: raw)
            let oom = (try? file.readControl()).flatMap { FlatKeyed($0)["oom"] } ?? 0
            _ = file.release()
            if index == 0 && poolHasCounter { counts.pool = oom } else { counts.above += oom }
        }
        return counts
    }
}
