/// What the CPUs did since the start, by the kernel's clock ticks (proc(5), `/proc/stat`).
struct ProcStat {
    /// One CPU's time, in ticks.
    struct Ticks: Equatable {
        /// All of it.
        var total: UInt64 = 0
        /// Not idle, and not waiting for a disk.
        var busy: UInt64 = 0
        /// Used by processes.
        var used: UInt64 = 0
        /// Given to somebody else by the machine that this virtual one runs on.
        var stolen: UInt64 = 0
    }

    private(set) var cpus: [Int: Ticks] = [:]

    /// The ticks of a second, as this file counts them on every architecture (`USER_HZ`).
    static let ticksPerSecond = 100.0

    init(_ text: String) {
        // By bytes: of a large machine this is a long text.
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " ")).map(Substring.init)
            guard let cpu = words.first.flatMap({ $0.hasPrefix("cpu") ? Int($0.dropFirst(3)) : nil }) else { continue }
            // user nice system idle iowait irq softirq steal; guests' ticks follow, and are contained in the first two.
            let ticks = words.dropFirst().prefix(8).compactMap { UInt64($0) }
            guard ticks.count >= 5 else { continue }
            let total = ticks.reduce(0, &+)
            cpus[cpu] = Ticks(
                total: total, busy: total &- ticks[3] &- ticks[4], used: ticks[0] &+ ticks[1] &+ ticks[2],
                stolen: ticks.count > 7 ? ticks[7] : 0)
        }
    }

    /// What these CPUs did between `earlier` and now; nil where one of them does not tell, as when it is offline.
    func since(_ earlier: ProcStat, on set: CPUSet) -> Ticks? {
        var sum = Ticks()
        for cpu in set.members {
            guard let new = cpus[cpu], let old = earlier.cpus[cpu] else { return nil }
            sum.total += new.total &- min(new.total, old.total)
            sum.busy += new.busy &- min(new.busy, old.busy)
            sum.used += new.used &- min(new.used, old.used)
            sum.stolen += new.stolen &- min(new.stolen, old.stolen)
        }
        return sum
    }
}
