/// Reads what a leaf's tree used, and what tells whether it was disturbed. To be called when no process is left in it, and before it is removed: with the
/// directory the counters go too. What belongs to a controller that is not among `controllers` is not looked for.
func account(for leaf: borrowing Cgroup, controllers: Set<String> = Set(Controllers.wanted), isDelegated: Bool = false)
    -> ValiditySigns
{
    var signs = ValiditySigns()
    var usage = Usage()
    func file(_ name: String) -> FlatKeyed? { leaf.readIfPossible(name).map(FlatKeyed.init) }
    func single(_ name: String) -> UInt64? { SingleValue(leaf.readIfPossible(name))?.number }
    func seconds(_ microseconds: UInt64?) -> Double? { microseconds.map { Double($0) / 1e6 } }

    if let cpu = file("cpu.stat") {
        usage.cpuSeconds = seconds(cpu["usage_usec"])
        usage.userSeconds = seconds(cpu["user_usec"])
        usage.systemSeconds = seconds(cpu["system_usec"])
        usage.throttledSeconds = seconds(cpu["throttled_usec"])
        if controllers.contains("cpu") {
            signs.heldBackSeconds = seconds(file("cpu.stat.local")?["throttled_usec"]) ?? usage.throttledSeconds
        }
    }
    if controllers.contains("memory") {
        usage.memoryPeakBytes = single("memory.peak")
        usage.swapPeakBytes = single("memory.swap.peak")
        if let memory = file("memory.stat") {
            let keys = ["anon", "file", "kernel", "shmem", "slab_reclaimable"]
            usage.memory = [:]
            for key in keys { usage.memory?[key] = memory[key] }
            usage.majorFaults = memory["pgmajfault"]
            signs.anonymousRefaults = memory["workingset_refault_anon"]
            signs.fileRefaults = memory["workingset_refault_file"]
            let events = file("memory.events")
            // What happens at limits that the job made itself, further down, is its own affair.
            let own = isDelegated ? file("memory.events.local") ?? events : events
            signs.highHits = own?["high"]
            signs.limitHits = own?["max"]
            // Where page cache is under a tenth of the peak, the peak says what the job needs; not where the limit was
            // reached, since the peak is the limit then.
            if let peak = usage.memoryPeakBytes, let cache = memory["file"], let shared = memory["shmem"],
                (cache - min(cache, shared)) * 10 < peak, events?["max"] == 0
            {
                usage.needPeakBytes = peak
            }
        }
    }
    if controllers.contains("pids") { usage.pidsPeak = single("pids.peak") }
    if controllers.contains("io") { usage.io = leaf.readIfPossible("io.stat").map(transfers) }
    let pressure = Usage.Pressure(
        cpu: .init(pressure: leaf.readIfPossible("cpu.pressure")),
        memory: .init(pressure: leaf.readIfPossible("memory.pressure")),
        io: .init(pressure: leaf.readIfPossible("io.pressure")))
    if pressure != Usage.Pressure() { usage.pressure = pressure }
    usage.frozenSeconds = seconds(file("cgroup.stat.local")?["frozen_usec"])
    signs.usage = usage
    return signs
}

private func transfers(_ text: String) -> [Usage.IO] {
    let devices = NestedKeyed(text)
    return devices.names.compactMap { device in
        func number(_ key: String) -> UInt64? { devices.number(device, key) }
        let io = Usage.IO(
            device: device, rbytes: number("rbytes"), wbytes: number("wbytes"), rios: number("rios"),
            wios: number("wios"))
        // A device that the kernel lists without any figure (seen for loop devices) tells nothing.
        return io.rbytes == nil && io.wbytes == nil ? nil : io
    }
}
