import HeapModule

/// Decides what runs, when, with what, and how it ends: a value without a clock, without effects of its own, and
/// without chance. State × event × instant → state × effects; equal events give equal effects.
///
/// This file keeps its books; `Starting`, `Ending`, `Chains` and `Postponing` beside it are what it decides.
struct Scheduler: Sendable {
    /// What there is to give, and how to decide.
    struct Configuration: Sendable {
        var slots: [Slot]
        /// The CPUs that jobs may use.
        var cpus: CPUSet
        /// The memory that may be reserved.
        var budget: ByteSize?
        /// Whether the budget is enforced: a job without a memory limit is then given an estimate or its share as one.
        var sharesBudget = false
        var policy = Policy()
    }

    let configuration: Configuration
    var policy: Policy { configuration.policy }

    var ledger: Ledger
    /// Everything submitted that is not done, in whatever state.
    var jobs = JobTable()
    /// Those of them that could start.
    var queue = Queue()
    /// Whether something happened since the last look at the queue that may let a job start.
    var isUnsettled = true
    /// In the order of their launch, so that effects never depend on hashing.
    var active: [ActiveAttempt] = []
    var groups = Groups()
    var memoryModel = MemoryModel()
    var timeModel = TimeModel()
    /// Watches the pool's memory; nil in strict mode, where none can run out.
    var ladder: PressureLadder?
    /// No start before this.
    var heldUntil: Instant?
    /// No start before this for pressure, unless nothing runs: then nothing stalls any more.
    var pressedUntil: Instant?
    /// Whether nothing else is to start, and why.
    var refusal: String?
    /// Whether what ended jobs left behind was asked for and not yet told, or was told since the last end.
    var leftBehindKnowledge = Knowledge.stale
    /// Who left how much behind, for the message.
    var leavers: [JobID] = []

    private var delayed: Heap<Delay> = []
    private var dependents: [Dependency.Target: [JobID]] = [:]
    private var byCategory: [String: Members] = [:]
    private var failedJobs: Set<JobID> = []
    private var endedCount = 0
    private var failureCount = 0
    /// Ends that others may wait for, still to be told to them.
    private var settled: [(target: Dependency.Target, isSuccess: Bool)] = []

    enum Knowledge: Sendable {
        case stale
        case asked
        case fresh
    }

    /// The jobs of a category, those that are done too until there are too many of them.
    private struct Members: Sendable {
        var ids: [JobID] = []
        /// How many there may be before those that are done are looked for; as many again as were left the last time, so
        /// that each look costs little for each job added.
        var most = 64

        mutating func tidy(_ jobs: JobTable) {
            ids.removeAll { !jobs.contains($0) }
            most = max(64, ids.count * 2)
        }
    }

    private struct Delay: Comparable, Sendable {
        var due: Instant
        var id: JobID

        static func < (left: Delay, right: Delay) -> Bool { (left.due, left.id) < (right.due, right.id) }
    }

    init(_ configuration: Configuration) {
        self.configuration = configuration
        ledger = Ledger(slots: configuration.slots, cpus: configuration.cpus, budget: configuration.budget)
        if configuration.policy.mode == .packed, let budget = configuration.budget {
            ladder = PressureLadder(budget: budget, workers: configuration.slots.count)
        }
    }

    /// Whether nothing runs and nothing waits.
    var isIdle: Bool { jobs.isEmpty }
    /// How many attempts are under way.
    var runningCount: Int { active.count }
    /// How many jobs wait.
    var waitingCount: Int { jobs.count - active.count }
    /// What is reserved now.
    var reserved: ByteSize { ledger.reserved }

    /// The instant at which `wake` is wanted next; nil when only events can change anything.
    var nextDeadline: Instant? {
        var next = active.lazy.compactMap { $0.nextDue }.min()
        func consider(_ instant: Instant?) {
            if let instant { next = min(next ?? instant, instant) }
        }
        consider(delayed.min?.due)
        consider(groups.nextDeadline)
        if !queue.isEmpty {
            consider(heldUntil)
            consider(pressedUntil)
        }
        if !active.isEmpty { consider(ladder?.nextDue) }
        return next
    }

    /// Takes in what happened at `now` and says what is to be done.
    mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .opened(let id, let plan): groups.open(id, plan)
        case .sealed(let id): finishGroups(groups.seal(id), &effects)
        case .submitted(let id, let demand): submit(id, demand, &effects)
        case .launched(let id, let started):
            change(id) { attempt in
                attempt.isLaunched = true
                attempt.started = started
                if attempt.reason == nil { attempt.arm() }
            }
        case .cpuUsed(let id, let used): account(used, of: id, at: now, &effects)
        case .outputExceeded(let id): end(id, .output, at: now, &effects)
        case .pidsExceeded(let id): end(id, .pids, at: now, &effects)
        case .thrashed(let id): end(id, .thrash, at: now, &effects)
        case .ended(let id, let end): finish(id, end, at: now, &effects)
        case .memory(let reading): takeReading(reading, at: now, &effects)
        case .pressure: holdForPressure(at: now)
        case .poolAtLimit: if ladder?.isAsking == false { askMemory(&effects) }
        case .leftBehind(let bytes):
            isUnsettled = true
            ledger.leftBehind = bytes
            leftBehindKnowledge = .fresh
            if bytes.bytes == 0 { leavers = [] }
        case .cancel(let id): cancel(id, at: now, &effects)
        case .cancelGroup(let id): cancelAll(in: id, at: now, &effects)
        case .cancelAll: cancelAll(at: now, &effects)
        case .close, .killAll:
            refusal = refusal ?? "the pool was closed before it started"
            cancelAll(at: now, &effects)
            finishGroups(groups.sealAll(), &effects)
            if case .killAll = event { for attempt in active { killNow(attempt.id, &effects) } }
        case .wake: meetDeadlines(at: now, &effects)
        }
        // A start that turns out to be impossible is an end, for which others may wait.
        repeat {
            propagate(at: now, &effects)
            start(at: now, &effects)
        } while !settled.isEmpty
        return effects
    }

    // MARK: Jobs that wait

    private mutating func submit(_ id: JobID, _ demand: Demand, _ effects: inout [Effect]) {
        // Somebody may have removed it since.
        if leftBehindKnowledge == .fresh { leftBehindKnowledge = .stale }
        jobs[id] = WaitingJob(demand)
        if let group = demand.group { groups.add(to: group) }
        if let refusal { return drop(id, refusal, &effects) }
        if let group = demand.group, groups.isOver(group) { return drop(id, Self.groupIsOver, &effects) }
        var open = 0
        for (index, dependency) in demand.dependencies.enumerated()
        where !demand.dependencies[..<index].contains(where: { $0.target == dependency.target }) {
            let (isOpen, succeeded) =
                switch dependency.target {
                case .job(let other): (jobs.contains(other), !failedJobs.contains(other))
                case .group(let group): (groups.isOpen(group), groups.succeeded(group))
                }
            if isOpen {
                open += 1
                dependents[dependency.target, default: []].append(id)
            } else if dependency.needsSuccess && !succeeded {
                return drop(id, Self.unmet(dependency.target), cause: Self.job(dependency.target), &effects)
            }
        }
        if let category = demand.category { add(id, to: category) }
        jobs[id]?.openDependencies = open
        if open > 0 { jobs[id]?.state = .dependent } else { makeReady(id) }
    }

    private mutating func add(_ id: JobID, to category: String) {
        byCategory[category, default: Members()].ids.append(id)
        if let members = byCategory[category], members.ids.count > members.most { byCategory[category]?.tidy(jobs) }
    }

    private static func unmet(_ target: Dependency.Target) -> String {
        switch target {
        case .job(let id): "job \(id), which it comes after, did not succeed"
        case .group(let id): "not all of group \(id), which it comes after, succeeded"
        }
    }

    private static func job(_ target: Dependency.Target) -> JobID? {
        if case .job(let id) = target { id } else { nil }
    }

    mutating func makeReady(_ id: JobID) {
        guard let job = jobs[id] else { return }
        jobs[id]?.state = .ready
        queue.insert(id, job.rank, least: leastMemory(of: job))
        // One far behind others changes nothing for them, and is not looked at itself.
        if queue.count <= Self.depth + 1 || queue.last != id { isUnsettled = true }
    }

    /// Puts a job that ran back among those that wait, until `due` if it is to wait so long.
    mutating func takeBack(_ id: JobID, until due: Instant? = nil) {
        guard let due else { return makeReady(id) }
        jobs[id]?.state = .delayed(due)
        delayed.insert(Delay(due: due, id: id))
    }

    /// Releases the jobs whose delay is over.
    mutating func releaseDelayed(at now: Instant) {
        while let next = delayed.min, next.due <= now {
            delayed.removeMin()
            if jobs[next.id]?.state == .delayed(next.due) { makeReady(next.id) }
        }
    }

    /// Ends a job that does not run.
    mutating func drop(
        _ id: JobID, _ message: String, as kind: Outcome.Kind = .cancelled, cause: JobID? = nil,
        _ effects: inout [Effect]
    ) {
        conclude(id, nil, Outcome(kind, cause: cause, message: message), &effects)
    }

    /// The jobs of a category that are not done, in the order of their submission.
    mutating func members(of category: String) -> [JobID] {
        byCategory[category]?.tidy(jobs)
        return byCategory[category]?.ids ?? []
    }

    // MARK: Done

    /// Ends a job for good.
    mutating func conclude(_ id: JobID, _ attempt: AttemptID?, _ outcome: Outcome, _ effects: inout [Effect]) {
        guard let job = jobs.remove(id) else { return }
        if job.state == .ready { queue.remove(id, job.rank) }
        isUnsettled = true
        effects.append(.finish(id, attempt, outcome))
        endedCount += 1
        if !outcome.isSuccess {
            failedJobs.insert(id)
            if outcome.kind != .cancelled { failureCount += 1 }
        }
        settled.append((.job(id), outcome.isSuccess))
        if let group = job.demand.group { finishGroups(groups.settle(group, child: outcome.isSuccess), &effects) }
    }

    private mutating func finishGroups(_ finished: [Groups.Finished], _ effects: inout [Effect]) {
        for group in finished {
            effects.append(.groupFinished(group.id, group.counts))
            settled.append((.group(group.id), group.counts.isSuccess))
        }
    }

    /// Tells those who wait for what has ended, and those who wait for them; not one within the other, since such
    /// chains may be long.
    private mutating func propagate(at now: Instant, _ effects: inout [Effect]) {
        var next = 0
        while next < settled.count {
            let (target, isSuccess) = settled[next]
            next += 1
            for id in dependents.removeValue(forKey: target) ?? [] where jobs[id]?.state == .dependent {
                let needsSuccess =
                    jobs[id]?.demand.dependencies.contains { $0.target == target && $0.needsSuccess } ?? false
                if needsSuccess && !isSuccess {
                    drop(id, Self.unmet(target), cause: Self.job(target), &effects)
                    continue
                }
                jobs[id]?.openDependencies -= 1
                if jobs[id]?.openDependencies == 0 { makeReady(id) }
            }
            if refusal == nil, let halt = policy.halt, halt.isDue(failures: failureCount, ended: endedCount) {
                haltAll(halt.when, at: now, &effects)
            }
        }
        settled = []
    }

    private mutating func haltAll(_ when: Halt.When, at now: Instant, _ effects: inout [Effect]) {
        let message =
            "\(failureCount) \(failureCount == 1 ? "job" : "jobs") failed, and that was to end the rest (halt)"
        refusal = message
        for id in jobs.ids where jobs[id]?.state != .active { drop(id, message, &effects) }
        if when == .now { for attempt in active { end(attempt.id, .cancelled, at: now, &effects) } }
    }

    // MARK: Cancelling

    static let groupIsOver = "the time of its group was over before it started"
    private static let neverStarted = "it was cancelled before it started"

    private mutating func cancel(_ id: JobID, at now: Instant, _ effects: inout [Effect]) {
        if let attempt = active.first(where: { $0.id.job == id }) {
            jobs[id]?.isStopped = true
            end(attempt.id, .cancelled, at: now, &effects)
        } else if jobs.contains(id) {
            drop(id, Self.neverStarted, &effects)
        }
    }

    private mutating func cancelAll(at now: Instant, _ effects: inout [Effect]) {
        for id in jobs.ids where jobs[id]?.state != .active { drop(id, Self.neverStarted, &effects) }
        for attempt in active {
            jobs[attempt.id.job]?.isStopped = true
            end(attempt.id, .cancelled, at: now, &effects)
        }
    }

    private mutating func cancelAll(in group: GroupID, at now: Instant, _ effects: inout [Effect]) {
        for id in members(of: group) { cancel(id, at: now, &effects) }
    }

    /// The jobs in a group and in those below it, in the order of their submission.
    func members(of group: GroupID) -> [JobID] {
        jobs.ids.filter { groups.lineage(of: jobs[$0]?.demand.group).contains(group) }
    }

    mutating func change(_ id: AttemptID, _ body: (inout ActiveAttempt) -> Void) {
        if let index = active.firstIndex(where: { $0.id == id }) { body(&active[index]) }
    }
}
