import DequeModule

/// Decides what runs, when, with what, and how it ends: a value without a clock, without effects of its own, and
/// without chance. State × event × instant → state × effects; equal events give equal effects.
///
/// The order is that of submission: a job that does not fit holds up those behind it, so none can starve.
struct Scheduler: Sendable {
    /// What there is to give.
    struct Configuration: Sendable {
        var slots: [Slot]
        /// The CPUs that jobs may use.
        var cpus: CPUSet
        /// The memory that may be reserved.
        var budget: ByteSize?
        /// Whether a job without a memory limit is given its share of the budget as one.
        var sharesBudget = false
    }

    private let configuration: Configuration
    private var ledger: Ledger
    private var queue: Deque<JobID> = []
    /// Of the jobs that wait.
    private var demands: [JobID: Demand] = [:]
    /// In the order of their launch, so that effects never depend on hashing.
    private var active: [Active] = []
    private var isClosing = false

    /// An attempt from its launch to its end.
    private struct Active: Sendable {
        let id: AttemptID
        let demand: Demand
        let grant: Grant
        /// How many seconds of CPU time it can use in a second.
        let parallelism: Double
        /// The clone; until it is known, the launch.
        var started: Instant
        var isLaunched = false
        var deadline: Instant?
        var nextMeasurement: Instant?
        var killAt: Instant?
        var cause: Outcome.Kind?
        /// When the cause came.
        var causeAt = Instant.zero

        /// The reason for which an attempt that ended by itself at `ended` counts as ended by us. One that was over
        /// while its output or its leaf was still being cleared away ran into no time limit, and was not cancelled.
        func cause(endingAt ended: Instant) -> Outcome.Kind? {
            (cause == .timeout || cause == .cancelled) && ended < causeAt ? nil : cause
        }

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

    init(_ configuration: Configuration) {
        self.configuration = configuration
        ledger = Ledger(slots: configuration.slots, cpus: configuration.cpus, budget: configuration.budget)
    }

    /// Whether nothing runs and nothing waits.
    var isIdle: Bool { active.isEmpty && queue.isEmpty }
    /// How many attempts are under way.
    var runningCount: Int { active.count }
    /// How many jobs wait.
    var waitingCount: Int { queue.count }
    /// What is reserved now.
    var reserved: ByteSize { ledger.reserved }

    /// The instant at which `wake` is wanted next; nil when only events can change anything.
    var nextDeadline: Instant? { active.lazy.compactMap { $0.nextDue }.min() }

    /// Takes in what happened at `now` and says what is to be done.
    mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .submitted(let id, let demand):
            if isClosing {
                drop(id, &effects)
            } else {
                demands[id] = demand
                queue.append(id)
            }
        case .launched(let id, let started):
            change(id) { attempt in
                attempt.isLaunched = true
                attempt.started = started
                if attempt.cause == nil { attempt.arm() }
            }
        case .cpuUsed(let id, let used): account(used, of: id, at: now, &effects)
        case .outputExceeded(let id): end(id, .output, at: now, &effects)
        case .pidsExceeded(let id): end(id, .pids, at: now, &effects)
        case .ended(let id, let status, let culprit, let ended): finish(id, status, culprit, ended ?? now, &effects)
        case .cancel(let id):
            if let index = queue.firstIndex(of: id) {
                queue.remove(at: index)
                drop(id, &effects)
            }
            if let attempt = active.first(where: { $0.id.job == id }) { end(attempt.id, .cancelled, at: now, &effects) }
        case .cancelAll, .killAll:
            isClosing = true
            let waiting = queue
            queue = []
            for id in waiting { drop(id, &effects) }
            for attempt in active {
                end(attempt.id, .cancelled, at: now, &effects)
                if case .killAll = event { killNow(attempt.id, &effects) }
            }
        case .wake: meetDeadlines(at: now, &effects)
        }
        start(at: now, &effects)
        return effects
    }

    // MARK: Starting

    private mutating func start(at now: Instant, _ effects: inout [Effect]) {
        while let id = queue.first, let demand = demands[id],
            let grant = ledger.take(demand, sharing: configuration.sharesBudget)
        {
            queue.removeFirst()
            demands[id] = nil
            let cpus = Double(max(1, grant.cpus?.count ?? configuration.cpus.count))
            var attempt = Active(
                id: AttemptID(job: id, number: 1), demand: demand, grant: grant,
                parallelism: min(cpus, demand.cpuQuota ?? cpus), started: now)
            attempt.arm()
            active.append(attempt)
            effects.append(.launch(attempt.id, grant))
        }
    }

    // MARK: Ending

    /// A measurement comes no sooner than this after the one before: the lateness that a CPU time limit may have.
    private static let finestMeasurement = Duration.milliseconds(4)

    /// With what remains divided by the CPUs it may use, the limit cannot be passed unseen, and few looks are needed.
    private mutating func account(_ used: Duration, of id: AttemptID, at now: Instant, _ effects: inout [Effect]) {
        var isOver = false
        change(id) { attempt in
            guard let limit = attempt.demand.cpuTimeout, attempt.cause == nil else { return }
            isOver = used >= limit
            let soonest = (limit - used) / attempt.parallelism
            attempt.nextMeasurement = isOver ? nil : now.advanced(by: max(soonest, Self.finestMeasurement))
        }
        if isOver { end(id, .cpuTimeout, at: now, &effects) }
    }

    private mutating func meetDeadlines(at now: Instant, _ effects: inout [Effect]) {
        for attempt in active {
            if let killAt = attempt.killAt, killAt <= now { killNow(attempt.id, &effects) }
            if let deadline = attempt.deadline, deadline <= now {
                end(attempt.id, .timeout, at: now, &effects)
            } else if let due = attempt.nextMeasurement, due <= now {
                // The answer sets the next one; without an answer there is none to wait for.
                change(attempt.id) { attempt in attempt.nextMeasurement = nil }
                effects.append(.measureCPU(attempt.id))
            }
        }
    }

    /// Begins to end an attempt; the first cause is the one that counts.
    private mutating func end(_ id: AttemptID, _ cause: Outcome.Kind, at now: Instant, _ effects: inout [Effect]) {
        guard let index = active.firstIndex(where: { $0.id == id }), active[index].cause == nil else { return }
        let demand = active[index].demand
        if cause == .pids && !demand.endsAtPids { return }
        // A program that is not there yet cannot be asked; the grace is for one that can.
        let ask = active[index].isLaunched && demand.grace > .zero
        active[index].cause = cause
        active[index].causeAt = now
        active[index].deadline = nil
        active[index].nextMeasurement = nil
        active[index].killAt = ask ? now.advanced(by: demand.grace) : now
        if ask { effects.append(.terminate(id)) } else { killNow(id, &effects) }
    }

    private mutating func killNow(_ id: AttemptID, _ effects: inout [Effect]) {
        guard let index = active.firstIndex(where: { $0.id == id && $0.killAt != nil }) else { return }
        active[index].killAt = nil
        effects.append(.kill(id))
    }

    private mutating func drop(_ id: JobID, _ effects: inout [Effect]) {
        demands[id] = nil
        effects.append(.finish(id, nil, Outcome(.cancelled, message: "it was cancelled before it started")))
    }

    private mutating func finish(
        _ id: AttemptID, _ status: AttemptStatus, _ culprit: Outcome.Culprit?, _ ended: Instant,
        _ effects: inout [Effect]
    ) {
        guard let index = active.firstIndex(where: { $0.id == id }) else { return }
        let attempt = active.remove(at: index)
        ledger.giveBack(attempt.grant, of: attempt.demand, sharing: configuration.sharesBudget)
        let outcome = Outcome(
            status, endedFor: attempt.cause(endingAt: ended), culprit: culprit, memory: attempt.grant.memory)
        effects.append(.finish(id.job, id, outcome))
    }

    private mutating func change(_ id: AttemptID, _ body: (inout Active) -> Void) {
        if let index = active.firstIndex(where: { $0.id == id }) { body(&active[index]) }
    }
}
