/// An attempt from its launch to its end.
struct ActiveAttempt: Sendable {
    let id: AttemptID
    let demand: Demand
    let grant: Grant
    /// How many seconds of CPU time it can use in a second.
    let parallelism: Double
    /// What counts for it in the ledger; in packed mode what it holds, where that is more than was reserved.
    var held: ByteSize?
    /// What was reserved for it.
    let reserved: ByteSize?
    /// How many attempts may run at most while it does.
    let workerLimit: Int?
    /// Whether nothing else may run while it does.
    let isSolo: Bool
    /// When it is expected to end; nil when nobody can tell.
    var expectedEnd: Instant?
    /// The clone; until it is known, the launch.
    var started: Instant
    var isLaunched = false
    var deadline: Instant?
    var nextMeasurement: Instant?
    var killAt: Instant?
    var reason: Reason?
    /// Whether it ended by itself, and nothing changes that any more.
    var isSettled = false
    /// When the reason came.
    var reasonAt = Instant.zero
    /// The most that it was seen to need while it ran.
    var seenNeed: ByteSize?

    /// Why we end an attempt.
    enum Reason: Sendable, Hashable {
        case timeout
        /// The time of this group, which it is in, was over.
        case groupTimeout(String)
        case cpuTimeout
        case output
        case pids
        /// It stalled on memory for too long.
        case thrash
        case cancelled
        /// Others failed, and that was to end the rest.
        case halted(Refusal)
        /// It would fail as this job did.
        case chained(Blame)
        /// It would run out of its estimated memory as this job did.
        case raised(Blame)
        /// The pool needs its memory.
        case postponed
    }

    init(
        _ id: AttemptID, _ demand: Demand, _ grant: Grant, parallelism: Double, reserved: ByteSize?, workerLimit: Int?,
        isSolo: Bool, expectedEnd: Instant?, at now: Instant
    ) {
        self.id = id
        self.demand = demand
        self.grant = grant
        self.parallelism = parallelism
        self.reserved = reserved
        self.workerLimit = workerLimit
        self.isSolo = isSolo
        self.expectedEnd = expectedEnd
        held = reserved
        started = now
        arm()
    }

    /// The reason for which an attempt that ended by itself at `ended` counts as ended by us. One that was over while
    /// its output or its leaf was still being cleared away ran into no limit of ours.
    func reason(endingAt ended: Instant) -> Reason? {
        switch reason {
        case .timeout, .groupTimeout, .cancelled, .halted, .chained, .raised, .postponed:
            ended < reasonAt ? nil : reason
        case .cpuTimeout, .output, .pids, .thrash, nil: reason
        }
    }

    /// The job, for others that fail because of it.
    var blame: Blame { Blame(id: id.job, name: demand.name) }

    /// When it needs attention next. Once it is being ended, nothing but the kill is left to come.
    var nextDue: Instant? {
        if let killAt { return killAt }
        guard let deadline, let nextMeasurement else { return deadline ?? nextMeasurement }
        return min(deadline, nextMeasurement)
    }

    /// Sets the deadlines, counted from the clone.
    mutating func arm() {
        deadline = demand.timeout.map { started.advanced(by: $0) }
        nextMeasurement = demand.cpuTimeout.map { started.advanced(by: $0 / parallelism) }
    }
}
