import BitCollections
import HeapModule

/// Decides what runs, when, with what, and how it ends: a value without a clock, without effects of its own, and
/// without chance. State × event × instant → state × effects; equal events give equal effects.
///
/// This file keeps its books; `Starting`, `Ending`, `Cancelling`, `Chains` and `Postponing` beside it are what it decides.
struct Scheduler: Sendable {
    /// What there is to give, and how to decide.
    struct Configuration: Sendable {
        var slots: [Slot]
        /// The CPUs that jobs may use.
        var cpus: CPUSet
        /// How they lie to each other; nil where nobody knows.
        var topology: Topology?
        /// The memory that may be reserved.
        var budget: ByteSize?
        /// Whether the budget is enforced: a job without a memory limit is then given an estimate or its share as one.
        var sharesBudget = false
        var policy = Policy()
        /// What is known before anything has run.
        var memoryModel = MemoryModel()
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
    var memoryModel: MemoryModel
    var timeModel = TimeModel()
    /// Watches the pool's memory; nil in strict mode, where none can run out.
    var ladder: PressureLadder?
    /// Whether the last reading of the memory let jobs start.
    var wasOpen = true
    /// Whether much is being submitted, and nothing starts meanwhile.
    var isHeld = false
    /// No start before this.
    var heldUntil: Instant?
    /// No start before this for pressure, unless nothing runs: then nothing stalls any more.
    var pressedUntil: Instant?
    /// Whether nothing else is to start, and why.
    var refusal: Refusal?
    /// Whether what ended jobs left behind was asked for and not yet told, or was told since the last end.
    var leftBehindKnowledge = Knowledge.stale
    /// Who left something behind, for the message.
    var leavers: [Blame] = []

    private var delayed: Heap<Delay> = []
    /// Those whose programs are not known yet, and others whose are by now.
    private var unidentified: Heap<Turn> = []
    /// Those of them that were submitted together: none of these starts before all are known.
    private var unidentifiedTogether: Set<JobID> = []
    private var dependents: [Dependency.Target: [JobID]] = [:]
    /// By category.
    private var relatives: [String: Relatives] = [:]
    /// The categories that have had their scout.
    private var scouted: Set<MemoryModel.Key> = []
    private var failedJobs = BitSet()
    private var endedCount = 0
    private var failureCount = 0
    private var lastFailure: Blame?
    /// Ends that others may wait for, still to be told to them; with what is to be said where it was no success.
    private var settled: [(target: Dependency.Target, failure: FailedPredecessor?)] = []

    enum Knowledge: Sendable {
        case stale
        case asked
        case fresh
    }

    private struct Turn: Comparable, Sendable {
        var rank: Queue.Rank
        var id: JobID

        static func < (left: Turn, right: Turn) -> Bool { (left.rank, left.id) < (right.rank, right.id) }
    }

    private static let mostScouts = 100

    private struct Delay: Comparable, Sendable {
        var due: Instant
        var id: JobID

        static func < (left: Delay, right: Delay) -> Bool { (left.due, left.id) < (right.due, right.id) }
    }

    init(_ configuration: Configuration) {
        self.configuration = configuration
        memoryModel = configuration.memoryModel
        ledger = Ledger(
            slots: configuration.slots, cpus: configuration.cpus, topology: configuration.topology,
            budget: configuration.budget)
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
        case .hold: isHeld = true
        case .release: isHeld = false
        case .submitted(let id, let demand): submit(id, demand, &effects)
        case .identified(let id, let program): take(program, of: id)
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
        case .settled(let id, let ended): settle(id, endedAt: ended)
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
            refusal = refusal ?? Refusal(message: "the pool was closed before it started")
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
        if let group = demand.group { groups.add(id, to: group) }
        if let refusal { return drop(id, refusal.message, cause: refusal.cause, &effects) }
        if let over = demand.group.flatMap(groups.over) { return drop(id, outOfTime(id, over), &effects) }
        var open = 0
        for (index, dependency) in demand.dependencies.enumerated()
        where !demand.dependencies[..<index].contains(where: { $0.target == dependency.target }) {
            let (isOpen, succeeded) =
                switch dependency.target {
                case .job(let other): (jobs.contains(other), !failedJobs.contains(other.number))
                case .group(let group): (groups.isOpen(group), groups.succeeded(group))
                }
            if isOpen {
                open += 1
                dependents[dependency.target, default: []].append(id)
            } else if dependency.needsSuccess && !succeeded {
                return dropUnmet(id, dependency.target, Self.unknown(dependency.target), &effects)
            }
        }
        if let category = demand.category, demand.size > 0 {
            relatives[category, default: Relatives()].add(id, size: demand.size, weight: demand.weight, jobs)
        }
        jobs[id]?.openDependencies = open
        if open > 0 { jobs[id]?.state = .dependent } else { identify(id, &effects) }
    }

    /// Asks for the program of a job that waits for no other any more, where that matters: one that it came after may have
    /// built it.
    private mutating func identify(_ id: JobID, _ effects: inout [Effect]) {
        guard let job = jobs[id], job.demand.awaitsProgram else { return makeReady(id) }
        jobs[id]?.state = .dependent
        unidentified.insert(Turn(rank: job.rank, id: id))
        if isHeld { unidentifiedTogether.insert(id) }
        effects.append(.identify(id))
    }

    private mutating func take(_ program: ProgramVersion?, of id: JobID) {
        guard var job = jobs[id], job.demand.awaitsProgram else { return }
        job.demand.awaitsProgram = false
        job.demand.program = program
        jobs[id] = job
        isUnsettled = true
        unidentifiedTogether.remove(id)
        if job.openDependencies == 0, job.state == .dependent { makeReady(id) }
    }

    /// Whether jobs are being submitted that are to be compared before one of them starts.
    var isGathering: Bool { isHeld || !unidentifiedTogether.isEmpty }

    /// Whether it is still another's turn, whose program is not known yet: that is no reason to be overtaken.
    mutating func mustLetPass(_ id: JobID) -> Bool {
        while let first = unidentified.min, jobs[first.id]?.demand.awaitsProgram != true { unidentified.removeMin() }
        guard let first = unidentified.min, let job = jobs[id] else { return false }
        return first < Turn(rank: job.rank, id: id)
    }

    /// What can be said of something that failed long ago: of so many that it must not cost, only the numbers are kept.
    private static func unknown(_ target: Dependency.Target) -> FailedPredecessor {
        switch target {
        case .job(let id): FailedPredecessor(title: "job \(id)", first: Blame(id: id, name: ""))
        case .group(let id): FailedPredecessor(title: "group \(id)")
        }
    }

    /// Ends a job that comes after something that did not succeed.
    private mutating func dropUnmet(
        _ id: JobID, _ target: Dependency.Target, _ failure: FailedPredecessor, _ effects: inout [Effect]
    ) {
        var message = "\(failure.title), which it comes after, did not succeed"
        if case .group = target {
            message = "not all of \(failure.title), which it comes after, succeeded"
            if let first = failure.first { message += ": \(first) was the first that did not" }
        }
        drop(id, message, cause: failure.first?.id, &effects)
    }

    mutating func makeReady(_ id: JobID) {
        guard var job = jobs[id] else { return }
        job.isScout = job.isScout || isScout(job.demand)
        job.state = .ready
        jobs[id] = job
        queue.insert(id, job.rank, least: leastMemory(of: job))
        // One far behind others changes nothing for them, and is not looked at itself.
        if queue.count <= Self.depth + 1 || queue.last != id { isUnsettled = true }
    }

    /// Whether it is the first of its category of which an estimate is to be learned. What was declared is often many
    /// times what is needed; the sooner one has run, the fewer wait for memory that nobody uses. Only so many are
    /// scouts, so that there is an end to overtaking.
    private mutating func isScout(_ demand: Demand) -> Bool {
        guard let category = demand.category, demand.need != nil, demand.memory == nil, configuration.budget != nil,
            policy.learnsMemory, scouted.count < Self.mostScouts,
            !memoryModel.knows(category: category, program: demand.program)
        else { return false }
        return scouted.insert(MemoryModel.Key(category, demand.program)).inserted
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

    /// The jobs of a category that are at least so large, in the order of their submission.
    mutating func members(of category: String, fromSize size: Double) -> [JobID] {
        relatives[category]?.ofSize(size, jobs) ?? []
    }

    /// The jobs of a category whose size times slowdown is at least so much, in the order of their submission.
    mutating func members(of category: String, fromWeight weight: Double) -> [JobID] {
        relatives[category]?.ofWeight(weight, jobs) ?? []
    }

    // MARK: Done

    /// Ends a job for good.
    mutating func conclude(_ id: JobID, _ attempt: AttemptID?, _ outcome: Outcome, _ effects: inout [Effect]) {
        guard let job = jobs.remove(id) else { return }
        if job.state == .ready { queue.remove(id, job.rank) }
        if jobs.isEmpty { relatives = [:] }
        unidentifiedTogether.remove(id)
        isUnsettled = true
        let blame = Blame(id: id, name: job.demand.name)
        effects.append(.finish(id, attempt, outcome))
        endedCount += 1
        if !outcome.isSuccess {
            failedJobs.insert(id.number)
            if outcome.kind != .cancelled {
                failureCount += 1
                lastFailure = blame
            }
        }
        settled.append((.job(id), outcome.isSuccess ? nil : FailedPredecessor(title: "\(blame)", first: blame)))
        if let group = job.demand.group {
            finishGroups(groups.settle(group, blame, isSuccess: outcome.isSuccess), &effects)
        }
    }

    private mutating func finishGroups(_ finished: [Groups.Finished], _ effects: inout [Effect]) {
        for group in finished {
            effects.append(.groupFinished(group.id, group.counts))
            settled.append((.group(group.id), group.failure))
        }
    }

    /// Tells those who wait for what has ended, and those who wait for them; not one within the other, since such
    /// chains may be long.
    private mutating func propagate(at now: Instant, _ effects: inout [Effect]) {
        var next = 0
        while next < settled.count {
            let (target, failure) = settled[next]
            next += 1
            for id in dependents.removeValue(forKey: target) ?? [] where jobs[id]?.state == .dependent {
                let needsSuccess =
                    jobs[id]?.demand.dependencies.contains { $0.target == target && $0.needsSuccess } ?? false
                if needsSuccess, let failure {
                    dropUnmet(id, target, failure, &effects)
                    continue
                }
                jobs[id]?.openDependencies -= 1
                if jobs[id]?.openDependencies == 0 { identify(id, &effects) }
            }
            if refusal == nil, let halt = policy.halt, halt.isDue(failures: failureCount, ended: endedCount) {
                haltAll(halt.when, at: now, &effects)
            }
        }
        settled = []
    }

    private mutating func haltAll(_ when: Halt.When, at now: Instant, _ effects: inout [Effect]) {
        let last = lastFailure.map { "\($0)" } ?? "a job"
        let failed = failureCount == 1 ? "\(last) failed" : "\(failureCount) jobs failed, the last of them \(last)"
        let refusal = Refusal(message: "\(failed), and that was to end the rest (halt)", cause: lastFailure?.id)
        self.refusal = refusal
        for id in jobs.ids where jobs[id]?.state != .active {
            drop(id, refusal.message, cause: refusal.cause, &effects)
        }
        if when == .now { for attempt in active { end(attempt.id, .halted(refusal), at: now, &effects) } }
    }

    mutating func change(_ id: AttemptID, _ body: (inout ActiveAttempt) -> Void) {
        if let index = active.firstIndex(where: { $0.id == id }) { body(&active[index]) }
    }
}
