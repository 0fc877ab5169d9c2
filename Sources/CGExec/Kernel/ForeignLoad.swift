/// Who else used the CPUs that an attempt owned: its own time is exact (`cpu.stat`), that of the CPUs is counted in ticks.
enum ForeignLoad {
    /// The share of its CPUs' time that somebody else may use before the figures count as disturbed: rule 26 of the
    /// scheduling rules, from what BenchExec's authors saw to change run times.
    static let allowedShare = 0.01

    /// What disturbed an attempt; empty when nothing did.
    ///
    /// - Parameters:
    ///   - ticks: what its CPUs did meanwhile.
    ///   - seconds: how long it was watched.
    ///   - own: the CPU time of its tree, in seconds.
    static func reasons(_ ticks: ProcStat.Ticks, on cpus: CPUSet, seconds: Double, own: Double) -> [String] {
        let available = seconds * Double(cpus.count)
        guard available > 0 else { return [] }
        var reasons: [String] = []
        let foreign = Double(ticks.used) / ProcStat.ticksPerSecond - own
        if foreign > tolerance(available, count: cpus.count, own: own) {
            reasons.append("other processes used \(share(foreign / available)) of its CPUs \(cpus)")
        }
        let stolen = Double(ticks.stolen) / ProcStat.ticksPerSecond
        if stolen > allowedShare * available + tick * Double(cpus.count) {
            reasons.append(
                "the machine below this virtual one took \(share(stolen / available)) of the time of its CPUs \(cpus)")
        }
        return reasons
    }

    private static let tick = 1 / ProcStat.ticksPerSecond

    /// A tick is booked on whoever runs when it comes. So the count of a CPU that is busy a part of the time is a draw,
    /// and three standard deviations of it are not held against anybody; nor are two ticks of each CPU, at the ends.
    static func tolerance(_ available: Double, count: Int, own: Double) -> Double {
        let busy = min(max(own / available, 0), 1)
        let deviation = (available * busy * (1 - busy) / ProcStat.ticksPerSecond).squareRoot()
        return allowedShare * available + 2 * tick * Double(count) + 3 * deviation
    }

    private static func share(_ part: Double) -> String {
        let permille = Int((part * 1000).rounded())
        return "\(permille / 10).\(permille % 10) %"
    }
}
