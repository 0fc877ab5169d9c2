import Glibc

/// Runs `body` with a pool that lives as long as it does. When `body` returns or throws, whatever still runs is ended,
/// always, and the pool's cgroup is gone before this returns.
///
/// - Throws: `HostUnfit` when the host cannot enforce what the configuration asks for, `KernelError` when the pool's
///   cgroup cannot be made, `LearnedFileError` when the file of what was learned cannot be used, and whatever `body`
///   throws.
public func withPool<Result: Sendable>(
    _ configuration: PoolConfiguration = PoolConfiguration(), _ body: (Pool) async throws -> Result
) async throws -> Result {
    let pool = try await Pool(configuration)
    do {
        let result = try await body(pool)
        await pool.close()
        return result
    } catch {
        await pool.close()
        throw error
    }
}

/// Runs jobs, each in its own cgroup, within a budget. Made by `withPool`.
///
/// It works on a thread of its own, which waits for the kernel's events and never polls. It installs no signal handler
/// unless asked: `PoolConfiguration.signals`.
public actor Pool {
    /// The configuration's name for it.
    public nonisolated let name: String?
    /// How many jobs run at once.
    public private(set) var slots = 0
    /// What one should know of how the pool began, though nothing that was asked for is missing: that other pools do not know
    /// of its CPUs, or that more memory was named than there is.
    public private(set) var warnings: [String] = []
    nonisolated let reactor: Reactor
    private nonisolated let thread: ReactorThread
    private var capacity: (cpus: CPUSet, budget: ByteSize?) = (CPUSet(), nil)
    private var endingWatch: EndingWatch?
    /// How often a signal or `exit` was about to end this program.
    private var endings = 0
    /// Nil once the pool is closed.
    private(set) var runner: PoolRun?
    /// Whether nothing is taken in any more.
    private(set) var isClosing = false
    private(set) var submissions: [JobID: Submission] = [:]
    var groups: [JobGroupID: OpenGroup] = [:]
    /// When the first job was submitted since there was none.
    private(set) var busySince: Instant?
    var joins: [Int: Join] = [:]
    var lastJoin = 0
    private var failed = Failures()
    /// Why what was learned could not be added to `PoolConfiguration.learned`, so that it is lost; nil when nothing is.
    /// Known when `withPool` has returned, which is no reason for it to throw: all jobs have their records. So let its
    /// body return the pool, and ask that.
    public private(set) var learningFailure: LearnedFileError?

    /// The pool's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    init(_ configuration: PoolConfiguration) async throws {
        name = configuration.name
        reactor = try Reactor()
        thread = try ReactorThread(reactor)
        try open(configuration)
    }

    // Not in `close`: who still holds the pool then may call it, and is to be told that it is closed.
    deinit { thread.stop() }

    private func open(_ configuration: PoolConfiguration) throws {
        let location = Location.find(requested: configuration.cgroup)
        let setup = try PoolSetup(configuration, for: .init(), at: location, reactor: reactor)
        capacity = (setup.scheduler.cpus, setup.budget)
        slots = setup.slots.count
        warnings = setup.warnings
        let runner = PoolRun(setup, reactor: reactor)
        runner.willStart = { [unowned self] start in
            try assumeIsolated { try $0.submissions[start.id]?.onStart?($0, start) }
        }
        runner.onAttempt = { [unowned self] record in assumeIsolated { $0.ended(record, isLast: false) } }
        runner.onRecord = { [unowned self] record in assumeIsolated { $0.ended(record, isLast: true) } }
        runner.onGroupStart = { [unowned self] id in assumeIsolated { $0.groupStarted(id) } }
        runner.onGroupEnd = { [unowned self] id, counts in assumeIsolated { $0.groupFinished(id, counts) } }
        runner.onSettled = { [unowned self] in assumeIsolated { $0.settled() } }
        self.runner = runner
        guard configuration.signals == .close else { return }
        do {
            endingWatch = try EndingWatch(on: reactor) { [unowned self] in assumeIsolated { $0.programEnds() } }
        } catch {
            runner.close()
            throw error
        }
    }

    // MARK: Jobs

    /// Takes a job in; it starts as soon as it fits.
    ///
    /// - Parameters:
    ///   - group: the group that it is in.
    ///   - onStart: called before each attempt at it; may throw, which fails the attempt.
    ///   - onDone: called once, when it has succeeded, before `onFinish`.
    ///   - onFinish: called after each attempt, however it ended; not for a job that never started.
    /// - Throws: `InvalidJob` with everything that is wrong with it; `HostUnfit` when this host cannot enforce its limits.
    @discardableResult
    public func submit(
        _ job: Job, in group: JobGroup? = nil, onStart: StartCallback? = nil, onDone: RecordCallback? = nil,
        onFinish: RecordCallback? = nil
    ) throws -> JobHandle {
        let job = job.with(defaultsOf: group)
        let runner = try check(job, in: group)
        let submission = Submission(onStart: onStart, onDone: onDone, onFinish: onFinish, path: group?.path ?? [])
        let id = runner.submit(job, in: group?.id) { id in
            submissions[id] = submission
            busySince = busySince ?? monotonicNow()
        }
        return JobHandle(id: id, pool: self, end: submission.end)
    }

    /// Submits a job and waits for its end. Cancelling the task that waits cancels the job.
    ///
    /// - Throws: as `submit`.
    public func run(_ job: Job, in group: JobGroup? = nil) async throws -> Record {
        try await submit(job, in: group).record
    }

    /// Submits a job for each item and waits for all: their records, in the order of the items.
    ///
    /// All are taken in before the first starts. Cancelling the task that waits cancels all of them.
    ///
    /// - Throws: as `submit`; nothing is started unless every job is valid.
    public func map<Items: Sequence>(
        _ items: Items, in group: JobGroup? = nil, _ job: (Items.Element) throws -> Job
    ) async throws -> [Record] {
        let jobs = try items.map(job)
        for job in jobs { _ = try check(job.with(defaultsOf: group), in: group) }
        let submitAll = { try jobs.map { try self.submit($0, in: group) } }
        let handles = try runner.map { try $0.together(submitAll) } ?? submitAll()
        return await withTaskCancellationHandler {
            // The last first: when it has ended, most others have, and nobody is woken for each of them.
            var records: [Record] = []
            for handle in handles.reversed() { records.append(await handle.end.value.record) }
            return records.reversed()
        } onCancel: {
            // All together, and not one after another as each is waited for.
            Task { for handle in handles { await cancel(handle.id) } }
        }
    }

    /// Ends a job, or keeps it from starting.
    public func cancel(_ id: JobID) { runner?.cancel(id) }

    /// The run that can take the job.
    private func check(_ job: Job, in group: JobGroup?) throws -> PoolRun {
        var problems = job.problems(cpus: capacity.cpus, budget: capacity.budget)
        if let runner {
            if let group, let problem = obstacle(to: group) { problems.append(.init(key: "group", message: problem)) }
            problems += job.after.compactMap { obstacle(to: $0, in: runner) }
        }
        guard problems.isEmpty else { throw InvalidJob(name: job.name, problems: problems) }
        guard let runner, !isClosing else {
            throw InvalidJob(name: job.name, problems: [JobProblem(key: "pool", message: "it is closed")])
        }
        try runner.check(job)
        return runner
    }

    /// Why no job can come after that. What it comes after is complete before the job is there: so there are no cycles.
    private func obstacle(to predecessor: Job.Predecessor, in runner: PoolRun) -> JobProblem? {
        guard runner.knows(predecessor) else {
            let name =
                switch predecessor {
                case .job(let id): "job \(id)"
                case .group(let id): "group \(id)"
                }
            return JobProblem(key: "after", message: "there is no \(name) in this pool: submit it first")
        }
        if case .group(let id) = predecessor, runner.isGrowing(id) {
            let name = groups[id].map { "'\($0.group.name)'" } ?? "\(id)"
            return JobProblem(key: "after", message: "group \(name) may still grow: seal it first")
        }
        return nil
    }

    // MARK: Ends

    private func ended(_ record: Record, isLast: Bool) {
        guard var submission = submissions[record.id] else { return }
        if record.attempt > 0 { submission.attempts.append(record) }
        submissions[record.id] = isLast ? nil : submission
        if isLast {
            failed.note(record, in: submission.path)
            if record.outcome.isSuccess { submission.onDone?(self, record) }
        }
        if record.attempt > 0 { submission.onFinish?(self, record) }
        if isLast {
            submission.end.set(.init(record: record, attempts: submission.attempts))
            for number in joins.keys { joins[number]?.left?.remove(record.id) }
        }
    }

    private func settled() {
        if submissions.isEmpty { busySince = nil }
        resumeJoins()
    }

    /// The records of the jobs that did not succeed, in the order of their submission, until `clear`.
    public var failures: [Record] { failed.records }

    /// The same for people: a line for each group and each job, with what became of it and when.
    public var failureTree: String { failed.tree(of: name) }

    /// Forgets the failures so far.
    public func clear() { failed = Failures() }

    // MARK: The end of the pool

    /// A signal or `exit` is about to end this program; the second one does not wait for any grace.
    private func programEnds() {
        endings += 1
        if endings == 1 { Task { await close() } } else { runner?.killAll() }
    }

    func close() async {
        isClosing = true
        runner?.end()
        await idle()
        runner?.close()
        do throws(LearnedFileError) {
            try runner?.keepLearned()
        } catch {
            learningFailure = error
        }
        runner = nil
        // Last: this is where a signal takes its effect.
        endingWatch?.close()
        endingWatch = nil
    }
}

extension Job {
    /// The job with what its group says for it.
    fileprivate func with(defaultsOf group: JobGroup?) -> Job {
        guard let group else { return self }
        var job = self
        job.stdout = stdout ?? group.stdout
        job.stderr = stderr ?? group.stderr
        job.params = group.params.merging(params) { _, own in own }
        return job
    }
}
