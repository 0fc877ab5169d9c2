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
    /// Called with everything that the scheduler was told and what it decided.
    var onDecision: ((Event, [Effect], Instant) -> Void)?

    private let kernel: any Kernel
    private var scheduler: Scheduler
    private let surroundings: Surroundings
    private let environment: JobEnvironment
    private let budget: ByteSize?
    private var machine: MachinePlan?
    private var neighbourhood: Neighbourhood?
    private var entries: [JobID: Entry] = [:]
    private let mode: Mode
    private var lastID = 0
    private var lastGroupID = 0
    /// The names of a group that is not finished and of those that it is in, from the outside in.
    private var paths: [JobGroupID: String] = [:]
    /// Decided and not yet carried out. One effect may cause the next event while others wait behind it, such as a
    /// cancellation from within `onRecord`; in a queue, a launch still comes before the kill that was decided after it.
    private var pending: Deque<(effect: Effect, decided: Instant)> = []
    private var isCarryingOut = false

    private struct Entry {
        var job: Job
        /// The group, as records name it.
        var task: String?
        var queued: Instant
        var admitted: Instant?
        var grant: Grant?
        var ending: Ending?
        var notes: [String] = []
        var neighbours: [Record.Neighbour] = []
        /// The attempt that was made last, or the one that it waits for after that; 0 when none was made.
        var attempt = 0

        /// Forgets an attempt that another follows.
        mutating func clear() {
            attempt += 1
            (admitted, grant, ending, notes) = (nil, nil, nil, [])
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

    /// Takes in all that `body` submits before any of it starts, so that a priority counts whatever the order.
    func together<Result>(_ body: () throws -> Result) rethrows -> Result {
        apply(.hold, at: kernel.now)
        defer { apply(.release, at: kernel.now) }
        return try body()
    }

    /// Opens a group, in another one if there is a parent; `noted` is called with its number before anything happens.
    func openGroup(
        _ name: String, in parent: JobGroupID?, timeout: Duration?, noted: (JobGroupID) -> Void = { _ in }
    ) -> JobGroupID {
        lastGroupID += 1
        let id = JobGroupID(lastGroupID)
        paths[id] = (parent.flatMap { paths[$0] }.map { $0 + "/" } ?? "") + name
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
            } ?? false)
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
        case .terminate(let id): kernel.terminate(id)
        case .kill(let id): kernel.kill(id)
        case .spare(let id): kernel.spare(id)
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
            onAttempt(record(id.job, entry, outcome))
        case .finish(let id, _, let outcome):
            guard var entry = entries.removeValue(forKey: id) else { return }
            entry.neighbours = neighbourhood?.ended(id) ?? []
            onRecord(record(id, entry, outcome))
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
        guard var job = entries[id.job]?.job else { return }
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
        kernel.launch(plan(job, id, grant))
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

    // MARK: Values

    private func demand(of job: Job, in group: JobGroupID?) -> Demand {
        let limits = job.limits
        return Demand(
            name: job.name, memory: limits.memory?.resolved(of: budget), need: limits.need?.resolved(of: budget),
            cpus: limits.cpus, cpuset: limits.cpuset, mems: limits.mems,
            // What cannot be had was refused before.
            pieces: (try? machine?.pieces(for: job)) ?? [], cpuQuota: limits.cpuQuota, timeout: limits.timeout,
            cpuTimeout: limits.cpuTimeout,
            grace: limits.effectiveGrace, endsAtPids: limits.onPids == .kill, category: job.category,
            awaitsProgram: surroundings.identifiesPrograms && job.category != nil && !job.command.isEmpty,
            size: job.size, slowdown: job.slowdown, priority: job.priority, group: group,
            dependencies: job.after.map { Dependency(target: $0, needsSuccess: job.afterSuccess) },
            restartsOnTimeout: job.restartsOnTimeout, retry: job.retry, hasFallback: job.fallback != nil,
            startDelay: job.startDelay, ignoresAffinity: job.ignoresAffinity, isSolo: job.isSolo,
            isMeasured: job.isMeasured ?? (mode == .strict), leavesSiblingsIdle: job.isMeasured == true)
    }

    private func plan(_ job: Job, _ id: AttemptID, _ grant: Grant) -> LaunchPlan {
        var leaf = LeafPlan(limits: job.limits)
        leaf.memory = grant.memory
        leaf.cpus = grant.cpus
        leaf.mems = job.limits.mems ?? grant.mems
        var command = job.command.map { Array($0.utf8) }
        let environment: [[UInt8]]
        if let verbatim = surroundings.verbatim {
            (command, environment) = verbatim
        } else {
            environment = self.environment.with(
                JobEnvironment.announcements(job, id, grant, threads: surroundings.setsThreadVariables)
                    .merging(job.environment) { _, asked in asked })
        }
        let stdout = job.stdout ?? .capture(Job.captureCap)
        var stderr = job.stderr ?? .capture(Job.captureCap)
        // Opened twice, each would write over what the other wrote.
        if stderr == stdout, stdout.path != nil { stderr = .stdout }
        return LaunchPlan(
            attempt: id, command: command, environment: environment, directory: job.directory,
            stdin: job.stdin, stdout: stdout, stderr: stderr, outputLimit: job.limits.outputLimit, leaf: leaf,
            files: job.limits.files, core: job.limits.core, session: surroundings.session, oomScore: grant.oomScore)
    }

    private func record(_ id: JobID, _ entry: Entry, _ outcome: Outcome) -> Record {
        let job = entry.job
        let ending = entry.ending
        var record = Record(
            id: id, name: job.name, attempt: entry.attempt, argv: job.command, outcome: outcome, times: .init(),
            limits: job.limits, enforcement: enforcement(job, ending))
        record.description = job.description
        record.task = entry.task
        record.category = job.category
        record.size = job.size == 0 ? nil : job.size
        record.cwd = job.directory
        record.host = surroundings.host
        record.slot = entry.grant?.slot
        record.fallback = entry.grant?.isFallback == true ? true : nil
        record.phase = entry.grant.flatMap { $0.phase > 0 ? $0.phase : nil }
        record.params = job.params.isEmpty ? nil : job.params
        record.times.queued = date(entry.queued)
        record.times.admitted = entry.admitted.map(date)
        let notes = entry.notes + (ending?.notes ?? [])
        record.notes = notes.isEmpty ? nil : notes
        guard let ending else { return record }
        if let started = ending.started {
            record.times.started = date(started)
            record.times.ended = date(ending.ended)
            record.wallSeconds = ending.ended.since(started).seconds
        }
        record.limitsHit = ending.limitsHit.isEmpty ? nil : ending.limitsHit
        record.usage = ending.usage
        record.effective = ending.effective.isEmpty ? nil : ending.effective
        if !ending.perturbations.isEmpty {
            record.validity = Record.Validity(verdict: .perturbed, reasons: ending.perturbations)
        }
        record.neighbours = entry.neighbours.isEmpty ? nil : entry.neighbours
        record.placement = ending.placement
        if let grant = entry.grant {
            record.placement?.piece = grant.piece
            record.placement?.idle = grant.idle.isEmpty ? nil : grant.idle
        }
        if ending.stdout != nil || ending.stderr != nil {
            record.output = Record.Output(stdout: ending.stdout, stderr: ending.stderr)
        }
        return record
    }

    /// What the kernel put in force, and what we watch ourselves.
    private func enforcement(_ job: Job, _ ending: Ending?) -> [String: Enforcement] {
        guard let ending else { return [:] }
        var enforcement = ending.enforcement
        if job.limits.timeout != nil { enforcement["timeout"] = .scheduler }
        if job.limits.cpuTimeout != nil {
            enforcement["cpu-timeout"] = ending.usage?.cpuSeconds != nil ? .scheduler : Enforcement.none
        }
        if job.limits.outputLimit != nil { enforcement["output-limit"] = .scheduler }
        if job.limits.files != nil { enforcement["files"] = .rlimit }
        if job.limits.core != nil { enforcement["core"] = .rlimit }
        return enforcement
    }

    private func date(_ instant: Instant) -> Timestamp {
        let offset = Int64(bitPattern: instant.nanoseconds &- surroundings.epoch.instant.nanoseconds)
        return Timestamp(nanosecondsSinceEpoch: surroundings.epoch.civil.nanosecondsSinceEpoch + offset)
    }
}

extension LeafPlan {
    /// The part of the limits that needs no decision of the scheduler.
    init(limits: Limits) {
        swap = limits.swap
        cpuQuota = limits.cpuQuota
        cpuWeight = limits.cpuWeight
        pids = limits.pids
        watchPids = limits.onPids == .kill
        io = limits.io
        thrash = limits.thrash
        delegate = limits.delegate
    }
}
