/// What tells whether an attempt ran as if it were alone: counters of its leaf, and what was seen from outside.
///
/// The rules are those for benchmarks: what a limit does that the job itself asked for is how it is meant to run, and
/// noted; what comes from others perturbs it; what changes the conditions it was promised makes its figures invalid.
struct ValiditySigns: Sendable {
    /// How long the program ran, in seconds.
    var wallSeconds = 0.0
    var usage = Usage()
    /// `memory.events`: how often `memory.high` held it back, and how often it was at its limit.
    var highHits: UInt64?
    var limitHits: UInt64?
    /// `memory.stat`: pages that were needed again after they had been taken: its own memory, and the cache of files.
    var anonymousRefaults: UInt64?
    var fileRefaults: UInt64?
    /// For how long a CPU quota held it back: its own, and where the kernel tells (6.6) also one above it.
    var heldBackSeconds: Double?
    /// Whether the memory controller is there to tell: without it nobody can call an attempt clean.
    var seesMemory = true
    /// Whether somebody froze it, where the kernel does not tell for how long.
    var wasFrozen = false
    /// Limits that do not read as they did at the start.
    var changedLimits: [String] = []
    /// How often the OOM killer struck for a limit of the pool, or above it, and took another.
    var oomBeside: UInt64 = 0
    /// What disturbed it from outside.
    var disturbances: [String] = []
    /// What on this host may disturb everybody, all the time.
    var hostNotes: [String] = []
    /// What the job asked for itself.
    var hasOwnMemory = false
    var hasOwnSwap = false
    var hasOwnQuota = false

    /// The longest stall of all its tasks that may be chance: 50 ms, or a thousandth of its time.
    private static func allowedStall(_ wall: Double) -> Double { max(0.05, wall / 1000) }

    /// The share of its time in which reading its files again does not matter.
    private static let allowedWait = 0.01

    /// Nil where nothing is known to have disturbed it, and not enough is known to say that nothing has.
    var judgement: Record.Validity? {
        var invalid = changedLimits
        var perturbed = disturbances
        var notes = hostNotes
        if wasFrozen || usage.frozenSeconds ?? 0 > 0 { invalid.append("it was frozen") }
        if let hits = highHits, hits > 0 {
            invalid.append("a memory.high that we did not set held it back, \(hits) times")
        }
        if let swap = usage.swapPeakBytes, swap > 0 {
            let text = "up to \(ByteSize(swap)) of it was swapped out"
            if hasOwnSwap { notes.append(text) } else { invalid.append(text) }
        }
        if let refaults = anonymousRefaults, refaults > 0 {
            let text = "\(refaults) pages were swapped out and needed again"
            if hasOwnSwap { notes.append(text) } else { invalid.append(text) }
        }
        // Its own limit makes the kernel take pages from it: whatever follows is of its own asking.
        let isAtOwnLimit = hasOwnMemory && limitHits ?? 0 > 0
        if let hits = limitHits, hits > 0 {
            let text = "it was at its memory limit \(hits) times"
            if hasOwnMemory { notes.append(text) } else { perturbed.append(text) }
        }
        let stall = usage.pressure?.memory
        if let full = stall?.fullSeconds, full > Self.allowedStall(wallSeconds) {
            let text = "it waited for memory for \(Duration.seconds(full).forPeople)"
            if isAtOwnLimit { notes.append(text) } else { invalid.append(text) }
        } else if let some = stall?.someSeconds, some > Self.allowedWait * wallSeconds, fileRefaults ?? 0 > 0,
            !isAtOwnLimit
        {
            perturbed.append("files that it had read were taken from the cache, and read again")
        }
        if let throttled = heldBackSeconds, throttled > 0 {
            let text =
                "\(hasOwnQuota ? "its" : "a") CPU quota held it back for \(Duration.seconds(throttled).forPeople)"
            if hasOwnQuota { notes.append(text) } else { perturbed.append(text) }
        }
        if oomBeside > 0 {
            perturbed.append("memory ran out in the pool or above it while it ran, and another was killed")
        }
        if invalid.isEmpty, perturbed.isEmpty, !seesMemory { return nil }
        let verdict: Record.Validity.Verdict = !invalid.isEmpty ? .invalid : !perturbed.isEmpty ? .perturbed : .clean
        return Record.Validity(verdict: verdict, reasons: invalid + perturbed, notes: notes.isEmpty ? nil : notes)
    }
}
