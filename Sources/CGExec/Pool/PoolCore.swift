import DequeModule

/// Joins the two halves: feeds what the kernel reports to the scheduler, carries out what that decides, and writes the
/// records. Synchronous and without a thread of its own: it belongs to whoever runs the kernel's events.
final class PoolCore {
    /// What the pool told about itself.
    struct Surroundings {
        /// The environment that jobs start from: `NAME=value` each.
        var environment: [[UInt8]] = []
        var host: String?
        /// Civil time at an instant, to date what happened; both clocks read together once.
        var epoch: (civil: Timestamp, instant: Instant)
        var bestEffort = false
        /// Whether jobs of one category that have different programs are told apart: where what is learned outlives the
        /// pool.
        var identifiesPrograms = false
        /// Whether libraries are told to start no more threads than the job has CPUs.
        var setsThreadVariables = true
        /// For a transparent wrapper: the command and the environment as they came, byte for byte.
        var verbatim: (command: [[UInt8]], environment: [[UInt8]])?
        var session = LaunchPlan.Session.new
        /// Gives a job as it is to be started, where that depends on its slot and on which attempt it is.
        var finalize: (@Sendable (_ id: JobID, _ slot: Int, _ attempt: Int) -> Job)?
    }

    /// Called before an attempt is started; what it throws fails the attempt.
    var willStart: (AttemptID, Job, Grant) throws -> Void = { _, _, _ in }
    /// Called when an attempt's program runs.
    var onStart: (JobID, Job, Grant) -> Void = { _, _, _ in }
    /// Called for each attempt that another follows, when nothing of it is left.
    var onAttempt: (Record) -> Void = { _ in }
    /// Called once for each job, when nothing of it is left.
    var onRecord: (Record) -> Void = { _ in }
    /// Called when something in the group starts for the first time.
    var onGroupStart: (JobGroupID) -> Void = { _ in }
    /// Called with what an attempt of a known program showed of its need for memory.
    var onLearned: (MemoryModel.Sample) -> Void = { _ in }
    /// Called once for each group, when it is sealed and everything in it is done.
    var onGroupEnd: (JobGroupID, GroupCounts) -> Void = { _, _ in }
    /// Called when everything that was decided has been carried out.
    var onSettled: () -> Void = {}
    /// What is written down of each attempt, before it starts and when it is over.
    var journal: Journal?
    /// Attempts that start when the journal has them.
    private var unborn: [AttemptID: LaunchPlan] = [:]
    /// Called with everything that the scheduler was told and what it decided.
    var onDecision: ((Event, [Effect], Instant) -> Void)?

    private let kernel: any Kernel
    private var scheduler: Scheduler
    let surroundings: Surroundings
    let environment: JobEnvironment
    let budget: ByteSize?
    var machine: MachinePlan?
    private var neighbourhood: Neighbourhood?
    private var entries: [JobID: Entry] = [:]
    let mode: Mode
    private var lastID = 0
    private var lastGroupID = 0
    /// The names of a group that is not finished and of those that it is in, from the outside in.
    private var paths: [JobGroupID: String] = [:]
    /// Decided and not yet carried out. One effect may cause the next event while others wait behind it, such as a
    /// cancellation from within `onRecord`; in a queue, a launch still comes before the kill that was decided after it.
    private var pending: Deque<(effect: Effect, decided: Instant)> = []
    private var isCarryingOut = false

    struct Entry {
        var job: Job
        /// The group, as records name it.
        var task: String?
        var queued: Instant
        var admitted: Instant?
        var grant: Grant?
        var ending: Ending?
        var notes: [String] = []
        var neighbours: [Record.Neighbour] = []
        /// What the pool did beside it that it may have felt.
        var disturbances: [String] = []
        /// What the journal calls the job.
        var key: String?
        /// The attempt that was made last, or the one that it waits for after that; 0 when none was made.
        var attempt = 0

        /// Forgets an attempt that another follows.
        mutating func clear() {
            attempt += 1
            (admitted, grant, ending, notes, disturbances) = (nil, nil, nil, [], [])
        }
    }

    init(
        kernel: any Kernel, _ configuration: Scheduler.Configuration, _ surroundings: Surroundings,
        machine: MachinePlan? = nil
    ) {
        self.kernel = kernel
        self.machine = machine
        neighbourhood = configuration.topology.map(Neighbourhood.init)
        scheduler = Scheduler(configuration)
        budget = configuration.budget
        mode = configuration.policy.mode
        self.surroundings = surroundings
        environment = JobEnvironment(surroundings.environment)
        kernel.deliver = { [unowned self] event, now in receive(event, at: now) }
    }

    /// Whether nothing runs and nothing waits.
    var isIdle: Bool { scheduler.isIdle }
    var runningCount: Int { scheduler.runningCount }
    var waitingCount: Int { scheduler.waitingCount }

    /// Takes a job in; it starts as soon as it fits. `noted` is called with its number before anything happens to it.
    func submit(_ job: Job, in group: JobGroupID? = nil, noted: (JobID) -> Void = { _ in }) -> JobID {
        lastID += 1
        let id = JobID(lastID)
        let now = kernel.now
        entries[id] = Entry(job: job, task: group.flatMap { paths[$0] }, queued: now)
        noted(id)
        apply(.submitted(id, demand(of: job, in: group)), at: now)
        return id
    }

    /// Counts a job that an earlier run has done.
    func passOver() { lastID += 1 }

    /// Takes in all that `body` submits before any of it starts, so that a priority counts whatever the order.
    func together<Result>(_ body: () throws -> Result) rethrows -> Result {
        apply(.hold, at: kernel.now)
        defer { apply(.release, at: kernel.now) }
        return try body()
    }

    /// Opens a group, in another one if there is a parent; `noted` is called with its number before anything happens. One
    /// that is not shown has no part in what records call the job's group.
    func openGroup(
        _ name: String, in parent: JobGroupID?, timeout: Duration?, isShown: Bool = true,
        noted: (JobGroupID) -> Void = { _ in }
    ) -> JobGroupID {
        lastGroupID += 1
        let id = JobGroupID(lastGroupID)
        let path = parent.flatMap { paths[$0] }
        paths[id] = isShown ? (path.map { $0 + "/" } ?? "") + name : path
        noted(id)
        apply(.opened(id, GroupPlan(name: paths[id] ?? name, parent: parent, timeout: timeout)), at: kernel.now)
        return id
    }

    /// Says that nothing more will be added to the group.
    func sealGroup(_ id: JobGroupID) { apply(.sealed(id), at: kernel.now) }

    /// Ends everything in the group.
    func cancelGroup(_ id: JobGroupID) { apply(.cancelGroup(id), at: kernel.now) }

    /// Whether something may still be added to the group.
    func isGrowing(_ id: JobGroupID) -> Bool { scheduler.groups.isGrowing(id) }

    /// How the children of the group stand; nil when it is finished.
    func counts(of id: JobGroupID) -> GroupCounts? { scheduler.groups.counts(of: id) }

    /// Whether the job or the group was ever taken in.
    func knows(_ predecessor: Job.Predecessor) -> Bool {
        switch predecessor {
        case .job(let id): id.number > 0 && id.number <= lastID
        case .group(let id): id.number > 0 && id.number <= lastGroupID
        }
    }

    /// Whether an attempt whose program exited with 0, at this instant, succeeded: then nothing changes that any more.
    func settles(_ id: AttemptID, endedAt ended: Instant) -> Bool {
        apply(.settled(id, at: ended), at: kernel.now)
        return scheduler.isSettled(id)
    }

    /// Ends a job, or keeps it from starting.
    func cancel(_ id: JobID) { apply(.cancel(id), at: kernel.now) }

    /// Ends everything; what runs gets its grace, and nothing is taken in any more.
    func close() { apply(.close, at: kernel.now) }

    /// Ends everything; what runs gets its grace.
    func cancelAll() { apply(.cancelAll, at: kernel.now) }

    /// Ends everything at once.
    func killAll() { apply(.killAll, at: kernel.now) }

    // MARK: Events and effects

    private func receive(_ event: KernelEvent, at now: Instant) {
        switch event {
        case .identified(let id, let program): apply(.identified(id, program), at: now)
        case .launched(let id, let started):
            apply(.launched(id, started: started), at: now)
            if let entry = entries[id.job], let grant = entry.grant { onStart(id.job, entry.job, grant) }
        case .cpuUsed(let id, let used): apply(.cpuUsed(id, used), at: now)
        case .outputExceeded(let id): apply(.outputExceeded(id), at: now)
        case .pidsExceeded(let id): apply(.pidsExceeded(id), at: now)
        case .thrashed(let id): apply(.thrashed(id), at: now)
        case .memory(let reading): apply(.memory(reading), at: now)
        case .leftBehind(let bytes): apply(.leftBehind(bytes), at: now)
        case .pressure: apply(.pressure, at: now)
        case .poolAtLimit: apply(.poolAtLimit, at: now)
        case .ended(let id, let ending):
            entries[id.job]?.ending = ending
            apply(.ended(id, end(entries[id.job]?.job, ending)), at: now)
        case .wake: apply(.wake, at: now)
        }
    }

    /// What the scheduler needs to know of an end.
    private func end(_ job: Job?, _ ending: Ending) -> AttemptEnd {
        let usage = ending.usage
        return AttemptEnd(
            status: ending.status, culprit: ending.memory?.culprit, at: ending.ended,
            need: usage?.needPeakBytes.map { ByteSize($0) },
            // All processes are gone, and their memory with them: what is left are files in memory.
            leftBehind: ByteSize(usage?.memory?["shmem"] ?? 0),
            asksForRetry: job?.retry?.rules.contains {
                $0.matches(stderr: job?.stderr == .stdout ? ending.stdout?.text : ending.stderr?.text)
            } ?? false,
            isInvalid: ending.validity?.verdict == .invalid)
    }

    private func apply(_ event: Event, at now: Instant) {
        let effects = scheduler.handle(event, at: now)
        onDecision?(event, effects, now)
        for effect in effects { pending.append((effect, now)) }
        guard !isCarryingOut else { return }
        isCarryingOut = true
        while let (effect, decided) = pending.popFirst() { carryOut(effect, decided) }
        isCarryingOut = false
        kernel.wake(at: scheduler.nextDeadline)
        onSettled()
    }

    private func carryOut(_ effect: Effect, _ decided: Instant) {
        switch effect {
        case .launch(let id, let grant): launch(id, grant, decided)
        case .terminate(let id), .kill(let id):
            if unborn.removeValue(forKey: id) != nil {
                end(id, .failed(.beforeBirth), at: decided)
            } else if case .kill = effect {
                kernel.kill(id)
            } else {
                kernel.terminate(id)
            }
        case .spare(let id):
            if unborn[id] != nil { unborn[id]?.oomScore = nil } else { kernel.spare(id) }
        case .identify(let id): identify(id)
        case .measureCPU(let id): kernel.measureCPU(id)
        case .measureMemory: kernel.measureMemory()
        case .measureLeftBehind: kernel.measureLeftBehind()
        case .learned(let sample): onLearned(sample)
        case .note(let id, let text): entries[id]?.notes.append(text)
        case .groupStarted(let id): onGroupStart(id)
        case .groupFinished(let id, let counts):
            paths[id] = nil
            onGroupEnd(id, counts)
        case .retry(let id, let outcome):
            guard var entry = entries[id.job] else { return }
            entry.neighbours = neighbourhood?.ended(id.job) ?? []
            entries[id.job]?.clear()
            let record = record(id.job, entry, outcome)
            if outcome.kind == .postponed {
                noteBesideAll("\(entry.job.name) was taken back for the pool's memory while it ran")
            }
            journal?.ended(record, of: entry.job, isLast: false)
            onAttempt(record)
        case .finish(let id, _, let outcome):
            guard var entry = entries.removeValue(forKey: id) else { return }
            entry.neighbours = neighbourhood?.ended(id) ?? []
            let record = record(id, entry, outcome)
            journal?.ended(record, of: entry.job, isLast: true)
            onRecord(record)
        }
    }

    private func noteBesideAll(_ disturbance: String) {
        for (id, entry) in entries where entry.grant != nil && entry.ending == nil {
            entries[id]?.disturbances.append(disturbance)
        }
    }

    private func identify(_ id: JobID) {
        guard let job = entries[id]?.job, let program = job.command.first else { return }
        kernel.identify(
            id, program: Array(program.utf8), path: environment.entry("PATH", with: job.environment),
            directory: job.directory)
    }

    private func launch(_ id: AttemptID, _ grant: Grant, _ decided: Instant) {
        entries[id.job]?.admitted = decided
        entries[id.job]?.grant = grant
        entries[id.job]?.attempt = id.number
        guard let submitted = entries[id.job]?.job else { return }
        var job = submitted
        job = surroundings.finalize?(id.job, grant.slot, id.number) ?? job
        if grant.isFallback, let fallback = job.fallback { job.command = fallback }
        entries[id.job]?.job = job
        do {
            try willStart(id, job, grant)
        } catch {
            let failure = LaunchFailure(stage: "onStart", message: "its onStart threw: \(error)")
            return end(id, .failed(failure), at: decided)
        }
        if job.command.isEmpty { return end(id, .exited(0), at: decided) }
        if let cpus = grant.cpus { neighbourhood?.started(id.job, on: cpus) }
        let plan = plan(job, id, grant)
        guard let journal else { return kernel.launch(plan) }
        unborn[id] = plan
        journal.willStart(id, submitted, key: entries[id.job]?.key) { [weak self] key in self?.journaled(id, key) }
    }

    private func journaled(_ id: AttemptID, _ key: String) {
        guard let plan = unborn.removeValue(forKey: id) else { return }  // it was ended meanwhile
        entries[id.job]?.key = key
        kernel.launch(plan)
    }

    /// Ends an attempt of which the kernel never heard.
    private func end(_ id: AttemptID, _ status: AttemptStatus, at now: Instant) {
        let started: Instant? = if case .failed = status { nil } else { now }
        let ending = Ending(status: status, started: started, ended: now)
        entries[id.job]?.ending = ending
        apply(.ended(id, end(entries[id.job]?.job, ending)), at: now)
    }

    /// Why the job can never have its place on this machine; empty when it can.
    func obstacles(to job: Job) -> [HostUnfit.Reason] {
        let memory = job.limits.memory ?? job.limits.need
        return machine?.obstacles(to: job, memory: memory?.resolved(of: budget)) ?? []
    }
}
