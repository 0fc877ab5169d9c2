import Glibc

/// Runs `body` with a pool that lives as long as it does. When `body` returns or throws, whatever still runs is ended,
/// always, and the pool's cgroup is gone before this returns.
///
/// - Throws: `HostUnfit` when the host cannot enforce what the configuration asks for, `KernelError` when the pool's
///   cgroup cannot be made, and whatever `body` throws.
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
/// It works on a thread of its own, which waits for the kernel's events and never polls. It installs no signal handler.
public actor Pool {
    private nonisolated let reactor: Reactor
    private nonisolated let thread: ReactorThread
    private var run: PoolRun?
    private var capacity: (cpus: CPUSet, budget: ByteSize?) = (CPUSet(), nil)
    private var jobs: [JobID: Submission] = [:]
    private var joins: [Int: Join] = [:]
    private var lastJoin = 0

    private struct Submission {
        var onStart: (@Sendable (JobID) -> Void)?
        var onDone: (@Sendable (Record) -> Void)?
        var result: JobHandle.Result
    }

    /// Somebody who waits for the pool, and learns whether nothing had to be terminated.
    private struct Join {
        var continuation: CheckedContinuation<Bool, Never>
        /// What it still waits for; nil while that is everything.
        var left: Set<JobID>?
        var isGraceful = true
    }

    /// The pool's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    init(_ configuration: PoolConfiguration) async throws {
        reactor = try Reactor()
        thread = try ReactorThread(reactor)
        try open(configuration)
    }

    // Not in `close`: who still holds the pool then may call it, and is to be told that it is closed.
    deinit { thread.stop() }

    private func open(_ configuration: PoolConfiguration) throws {
        let location = Location.find(requested: configuration.cgroup)
        let setup = try PoolSetup(configuration, for: .init(), at: location, reactor: reactor)
        capacity = (Host.allowedCPUs(), setup.budget)
        let run = PoolRun(setup, reactor: reactor)
        run.onStart = { [unowned self] id, _, _ in assumeIsolated { $0.jobs[id]?.onStart?(id) } }
        run.onRecord = { [unowned self] record in assumeIsolated { $0.finish(record) } }
        self.run = run
    }

    // MARK: Jobs

    /// Takes a job in; it starts as soon as it fits.
    ///
    /// - Parameters:
    ///   - onStart: called on the pool's thread when the program runs.
    ///   - onDone: called on the pool's thread, once, with the record.
    /// - Throws: `InvalidJob` with everything that is wrong with it; `HostUnfit` when this host cannot enforce its limits.
    @discardableResult
    public func submit(
        _ job: Job, onStart: (@Sendable (JobID) -> Void)? = nil, onDone: (@Sendable (Record) -> Void)? = nil
    ) throws -> JobHandle {
        let run = try check(job)
        let result = JobHandle.Result()
        let id = run.submit(job) { id in jobs[id] = Submission(onStart: onStart, onDone: onDone, result: result) }
        return JobHandle(id: id, pool: self, result: result)
    }

    /// The run that can take the job.
    private func check(_ job: Job) throws -> PoolRun {
        let problems = job.problems(cpus: capacity.cpus, budget: capacity.budget)
        guard problems.isEmpty else { throw InvalidJob(name: job.name, problems: problems) }
        guard let run else {
            throw InvalidJob(name: job.name, problems: [JobProblem(key: "pool", message: "it is closed")])
        }
        try run.check(job)
        return run
    }

    /// Submits a job for each item and waits for all: their records, in the order of the items.
    ///
    /// Cancelling the task that waits cancels all of them.
    ///
    /// - Throws: as `submit`; nothing is started unless every job is valid.
    public func map<Items: Sequence>(_ items: Items, _ job: (Items.Element) throws -> Job) async throws -> [Record] {
        let jobs = try items.map(job)
        for job in jobs { _ = try check(job) }
        let handles = try jobs.map { try submit($0) }
        return await withTaskCancellationHandler {
            // The last first: when it has ended, most others have, and nobody is woken for each of them.
            var records: [Record] = []
            for handle in handles.reversed() { records.append(await handle.result.value) }
            return records.reversed()
        } onCancel: {
            // All together, and not one after another as each is waited for.
            Task { for handle in handles { await cancel(handle.id) } }
        }
    }

    /// Ends a job, or keeps it from starting.
    public func cancel(_ id: JobID) { run?.cancel(id) }

    /// Waits until nothing runs and nothing waits.
    ///
    /// - Parameter timeout: then everything that is left is ended, with its grace, and this waits for that alone. The
    ///   pool goes on, and takes new jobs.
    /// - Returns: false if anything had to be terminated meanwhile.
    public func join(timeout: Duration? = nil) async -> Bool {
        let number = lastJoin + 1
        let timer = timeout.map { timeout in
            reactor.schedule(at: monotonicNow().advanced(by: timeout)) { [unowned self] in
                assumeIsolated { $0.terminate(for: number) }
            }
        }
        defer { if let timer { reactor.cancel(timer) } }
        return await idle()
    }

    private func idle() async -> Bool {
        lastJoin += 1
        guard run?.isIdle == false else { return true }
        return await withCheckedContinuation { joins[lastJoin] = Join(continuation: $0) }
    }

    private func terminate(for join: Int) {
        guard joins[join] != nil else { return }  // it has just come to an end
        joins[join]?.left = Set(jobs.keys)
        for number in joins.keys { joins[number]?.isGraceful = false }
        run?.cancelAll()
    }

    func close() async {
        run?.end()
        _ = await idle()
        run?.close()
        run = nil
    }

    private func finish(_ record: Record) {
        let submission = jobs.removeValue(forKey: record.id)
        submission?.onDone?(record)
        submission?.result.set(record)
        let isIdle = run?.isIdle ?? true
        for (number, join) in joins {
            joins[number]?.left?.remove(record.id)
            if isIdle || joins[number]?.left?.isEmpty == true {
                joins[number] = nil
                join.continuation.resume(returning: join.isGraceful)
            }
        }
    }
}
