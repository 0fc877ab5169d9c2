/// Sees what disturbs attempts that own CPUs: others on these CPUs, heat, CPUs that go, a partition that is lost.
///
/// Only counters of the kernel are compared, at the start and at the end, and what the kernel reports by itself in between:
/// nothing is looked at while the program runs.
final class Disturbances {
    private struct Watched {
        var cpus: CPUSet
        var begun: Instant
        var load: ProcStat?
        var throttles: UInt64?
        var reasons: [String] = []
        /// Whether its CPUs were the pool's alone all the time.
        var keptPartition = true
    }

    private var watched: [AttemptID: Watched] = [:]
    private var hotplug: HotplugWatch?
    private var partition: ControlWatch?
    /// What may disturb everybody on these CPUs, all the time; looked at once.
    private var lastingNotes: [CPUSet: [String]] = [:]

    /// Watches for attempts in `place`.
    init(on reactor: Reactor, place: Workplace) {
        // Where containers have no such events, a CPU that is gone at the end is still seen.
        hotplug = try? HotplugWatch(on: reactor) { [unowned self] change in
            switch change {
            case .cpu(let cpu, let what): note("CPU \(cpu) \(what) while it ran") { $0.contains(cpu) }
            case .lost: note("the kernel had more to tell of devices than could be heard while it ran") { _ in true }
            }
        }
        guard place.partition != nil else { return }
        partition = place.watchPool(Partition.file, on: reactor) { [unowned self] in
            _ = partition?.read()  // what is not read is reported again
            // The kernel also reports what changes nothing, our own making of it among that.
            guard let trouble = place.partitionTrouble else { return }
            for id in watched.keys { watched[id]?.keptPartition = false }
            note("its CPUs were taken from the pool's partition: \(trouble)") { _ in true }
        }
    }

    /// What on this host may disturb everybody who has these CPUs.
    func notes(on cpus: CPUSet) -> [String] {
        if let known = lastingNotes[cpus] { return known }
        var notes = HostNoise(of: cpus, root: "").lastingNotes
        if hotplug == nil {
            notes.append("whether its CPUs went and came back is not known: no device events are heard here")
        }
        lastingNotes[cpus] = notes
        return notes
    }

    private func note(_ reason: String, where isMeant: (CPUSet) -> Bool) {
        for (id, entry) in watched where isMeant(entry.cpus) && !entry.reasons.contains(reason) {
            watched[id]?.reasons.append(reason)
        }
    }

    /// To be called before the program starts.
    func begin(_ id: AttemptID, on cpus: CPUSet) {
        hotplug?.drain()  // what was before is not held against it
        watched[id] = Watched(
            cpus: cpus, begun: monotonicNow(), load: readFile("/proc/stat").map(ProcStat.init),
            throttles: HostNoise.throttles(of: cpus))
    }

    /// To be called when nothing of it is left; `own` is the CPU time of its tree, in seconds. Gives what disturbed it, and
    /// whether its CPUs were the pool's alone from start to end.
    func end(_ id: AttemptID, own: Double?) -> (reasons: [String], keptPartition: Bool) {
        hotplug?.drain()
        guard let entry = watched.removeValue(forKey: id) else { return ([], false) }
        var reasons = entry.reasons
        let seconds = monotonicNow().since(entry.begun).seconds
        if let own, let before = entry.load, let now = readFile("/proc/stat").map(ProcStat.init),
            let ticks = now.since(before, on: entry.cpus)
        {
            reasons += ForeignLoad.reasons(ticks, on: entry.cpus, seconds: seconds, own: own)
        }
        if let before = entry.throttles, let now = HostNoise.throttles(of: entry.cpus), now > before {
            reasons.append("its CPUs \(entry.cpus) were slowed for heat, \(now - before) times")
        }
        return (reasons, entry.keptPartition)
    }
}
