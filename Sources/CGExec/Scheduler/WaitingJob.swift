/// A job from its submission to its end, as far as it outlives its attempts.
struct WaitingJob: Sendable {
    var demand: Demand
    /// Attempts launched so far.
    var attempts = 0
    /// How often it was taken back.
    var phase = 0
    /// Whether it goes before others, so that what its category really needs is known early.
    var isScout = false
    /// What is reserved in place of the estimate that was too low.
    var raised: ByteSize?
    /// How many attempts may run at most, its own included.
    var workerLimit: Int?
    /// Attempts that ran out of their estimated memory.
    var memoryFailures = 0
    /// How often the pool took it back for its memory.
    var postponements = 0
    var retries = 0
    /// How often it ran again for its figures' sake.
    var reruns = 0
    /// Whether it is to run alone, by its own wish or after all else failed.
    var isSolo: Bool
    var isFallback = false
    /// Whether its record already says what a chain would have done.
    var isNoted = false
    /// Whether there is to be no other attempt, whatever becomes of this one.
    var isStopped = false
    /// How many others started while it was the first to start.
    var bypasses = 0
    /// Since when it is the first to start.
    var headSince: Instant?
    /// What it waits for.
    var openDependencies = 0
    var state = State.ready

    enum State: Sendable, Hashable {
        /// Waits for others to finish.
        case dependent
        /// Waits for an instant.
        case delayed(Instant)
        case ready
        case active
    }

    init(_ demand: Demand) {
        self.demand = demand
        isSolo = demand.isSolo
    }

    var rank: Queue.Rank { Queue.Rank(priority: demand.priority, phase: phase, isScout: isScout) }
}
