import Glibc
import Support
import Synchronization
import Testing

@testable import CGExec

/// The library as a program uses it, on the real kernel. Each test ends with a look whether its cgroup is empty.
@Suite(.scratchCgroup) struct LibraryTests {
    private static func configuration(jobs: Int = 4) throws -> PoolConfiguration {
        PoolConfiguration(jobs: .count(jobs), cgroup: try ScratchCgroup.current().path)
    }

    private static func shell(_ script: String, timeout: Duration? = .seconds(60)) -> Job {
        Job("j", ["/bin/sh", "-c", script], limits: Limits(timeout: timeout))
    }

    /// A program that says that it runs and then does so for ever.
    private static let endless = shell("echo runs; exec sleep 1000", timeout: nil)

    // MARK: Results

    @Test func `a record of what ran`() async throws {
        let record = try await withPool(Self.configuration()) { pool in
            try await pool.submit(Self.shell("echo out; echo err >&2; exit 7")).record
        }
        #expect(record.outcome == Outcome(.exit, code: 7))
        #expect(record.output?.stdout?.text == "out\n" && record.output?.stderr?.text == "err\n")
        #expect(record.output?.stdout?.bytes == 4)
        #expect(try #require(record.wallSeconds) > 0 && record.slot == 0 && record.attempt == 1)
        let times = [record.times.queued, record.times.admitted, record.times.started, record.times.ended]
        #expect(times.compactMap { $0 } == times.compactMap { $0 }.sorted() && !times.contains(nil))
        #expect(try Record(json: record.jsonLine()) == record)
    }

    @Test func `map gives the records in the order of the items`() async throws {
        let records = try await withPool(Self.configuration()) { pool in
            try await pool.map(1...9) { Self.shell("sleep 0.0\(10 - $0); echo $CGEXEC_ID \($0)") }
        }
        #expect(records.map(\.output?.stdout?.text) == (1...9).map { "\($0) \($0)\n" })
    }

    @Test func `200 jobs at once`() async throws {
        let records = try await withPool(Self.configuration(jobs: 200)) { pool in
            try await pool.map(0..<200) { index in
                var job = Self.shell("read line; echo $line \(index)")
                job.stdin = .file("/proc/sys/kernel/ostype")
                return job
            }
        }
        #expect(records.map(\.output?.stdout?.text) == (0..<200).map { "Linux \($0)\n" })
        #expect(Set(records.map(\.id)).count == 200 && records.allSatisfy { $0.outcome.isSuccess })
    }

    @Test func `streams go where they are sent`() async throws {
        let directory = try ScratchDirectory()
        let (input, output, log) = (try directory.write("in\n", to: "in"), directory.file("out"), directory.file("log"))
        func job(_ stdout: Job.Output, _ stderr: Job.Output) -> Job {
            Job("j", ["/bin/sh", "-c", "cat; echo err >&2"], stdin: .file(input), stdout: stdout, stderr: stderr)
        }
        let records = try await withPool(Self.configuration(jobs: 1)) { pool in
            try await pool.map([
                job(.file(output), .append(log)), job(.file(output), .append(log)), job(.capture(.kib(1)), .stdout),
                job(.discard, .capture(.kib(1))), job(.capture(ByteSize(2)), .discard),
            ]) { $0 }
        }
        #expect(records.allSatisfy { $0.outcome.isSuccess })
        #expect(contents(of: output) == "in\n")
        #expect(contents(of: log)?.split(separator: "\n").count { $0 == "err" } == 2)
        #expect(records[0].output == .init(stdout: .init(path: output), stderr: .init(path: log)))
        #expect(records[2].output?.stdout?.text == "in\nerr\n" && records[2].output?.stderr == nil)
        #expect(records[3].output?.stdout == nil && records[3].output?.stderr?.text == "err\n")
        let cut = try #require(records[4].output?.stdout)
        #expect(cut.truncated == true && cut.bytes == 3)
    }

    @Test func `what cannot start says so`() async throws {
        var job = Job("j", ["/nonexistent/program"])
        let records = try await withPool(Self.configuration()) { pool in
            var records = [try await pool.submit(job).record]
            job = Self.shell("true")
            job.stdin = .file("/nonexistent/input")
            records.append(try await pool.submit(job).record)
            return records
        }
        #expect(records.map(\.outcome.kind) == [.launchError, .launchError])
        #expect(records.map(\.outcome.errno) == [2, 2])
        #expect(
            records[0].outcome.stage == "exec" && records[0].outcome.message?.contains("/nonexistent/program") == true)
        #expect(records[1].outcome.message?.contains("/nonexistent/input") == true)
    }

    // MARK: Errors

    @Test func `an invalid job is refused with all that is wrong`() async throws {
        var job = Job("bad", [])
        job.size = -1
        job.limits.pids = 0
        let nothingStarted = try await withPool(Self.configuration()) { pool in
            let error = await #expect(throws: InvalidJob.self) { try await pool.submit(job) }
            #expect(error?.problems.map(\.key).sorted() == ["pids", "size"])
            await #expect(throws: InvalidJob.self) {
                try await pool.map([Self.endless, job]) { $0 }
            }
            return await pool.join(timeout: .seconds(5))
        }
        #expect(nothingStarted)
    }

    @Test func `what this host cannot enforce is refused`() async throws {
        let scratch = try ScratchCgroup.current()
        CgroupTree.write("-memory", to: scratch.path + "/cgroup.subtree_control")
        var configuration = PoolConfiguration(jobs: .count(1), cgroup: try scratch.make("without-memory"))
        var limited = Self.shell("true")
        limited.limits.memory = .mib(64)
        try await withPool(configuration) { pool in
            let error = await #expect(throws: HostUnfit.self) { try await pool.submit(limited) }
            #expect(error?.reasons.map(\.what) == ["--memory"] && error?.reasons.first?.cure.isEmpty == false)
            // Not even the one that is all right is started.
            await #expect(throws: HostUnfit.self) { try await pool.map([Self.endless, limited]) { $0 } }
            #expect(await pool.join(timeout: .seconds(5)))
        }
        configuration.budget = .mib(64)
        await #expect(throws: HostUnfit.self) { try await withPool(configuration) { _ in } }
        configuration.bestEffort = true
        let record = try await withPool(configuration) { pool in try await pool.submit(limited).record }
        #expect(record.outcome.isSuccess && record.enforcement["memory"] == Enforcement.none)
    }

    @Test func `a cgroup that is not there is an error`() async throws {
        let missing = try ScratchCgroup.current().path + "/missing"
        let error = await #expect(throws: KernelError.self) {
            try await withPool(PoolConfiguration(cgroup: missing)) { _ in }
        }
        #expect(error?.description.contains(missing) == true && error?.errno == 2)
    }

    @Test func `a folder that is no cgroup is refused, and stays as it is`() async throws {
        let folder = try ScratchDirectory()
        let error = await #expect(throws: KernelError.self) {
            try await withPool(PoolConfiguration(cgroup: folder.path)) { _ in }
        }
        #expect(error?.description.contains("It is no cgroup: name one of version 2") == true)
        #expect(entries(of: folder.path).isEmpty)
    }

    private struct Mishap: Error {}

    @Test func `a body that throws ends what runs`() async throws {
        let done = Mutex<[Record]>([])
        await #expect(throws: Mishap.self) {
            try await withPool(Self.configuration()) { pool in
                try await Self.start(Self.endless, in: pool) { _, record in done.withLock { $0.append(record) } }
                throw Mishap()
            }
        }
        #expect(done.withLock { $0.map(\.outcome.kind) } == [.cancelled])
    }

    // MARK: Ending

    /// Submits a job and waits until its program runs.
    @discardableResult
    private static func start(
        _ job: Job, in pool: Pool, onFinish: Pool.RecordCallback? = nil
    ) async throws -> JobHandle {
        try await pool.start(job, onFinish: onFinish)
    }

    @Test func `leaving the scope ends everything`() async throws {
        let handles = try await withPool(Self.configuration(jobs: 2)) { pool in
            [
                try await Self.start(Self.endless, in: pool), try await Self.start(Self.endless, in: pool),
                try await pool.submit(Self.endless),
            ]
        }
        // Known already, and still there for who holds a handle.
        for (index, handle) in handles.enumerated() {
            let record = await handle.record
            #expect(record.outcome.kind == .cancelled && (record.wallSeconds != nil) == (index < 2))
        }
    }

    @Test func `a pool that has ended says so`() async throws {
        let pool = try await withPool(Self.configuration()) { $0 }
        let error = await #expect(throws: InvalidJob.self) { try await pool.submit(Self.shell("true")) }
        #expect(error?.description == "job j: pool: it is closed")
        await pool.cancel(JobID(1))
        #expect(await pool.join())
    }

    @Test func `cancelling a job`() async throws {
        try await withPool(Self.configuration(jobs: 1)) { pool in
            let running = try await Self.start(Self.endless, in: pool)
            let waiting = try await pool.submit(Self.endless)
            await pool.cancel(waiting.id)
            #expect(await waiting.record.times.started == nil)
            await pool.cancel(running.id)
            await pool.cancel(running.id)
            #expect(
                await running.record.outcome
                    == Outcome(.cancelled, signal: 15, message: "it was cancelled while it ran"))
            #expect(try await pool.submit(Self.shell("true")).record.outcome.isSuccess)
        }
    }

    @Test func `cancelling the task that waits cancels the job`() async throws {
        try await withPool(Self.configuration()) { pool in
            let handle = try await Self.start(Self.endless, in: pool)
            let task = Task { await handle.record }
            task.cancel()
            #expect(await task.value.outcome.kind == .cancelled)
            let map = Task { try await pool.map(0..<8) { _ in Self.endless } }
            map.cancel()
            #expect(try await map.value.allSatisfy { $0.outcome.kind == .cancelled })
        }
    }

    @Test func `join waits, and ends what takes too long`() async throws {
        try await withPool(Self.configuration()) { pool in
            #expect(await pool.join())
            let quick = try await pool.submit(Self.shell("true"))
            #expect(await pool.join(timeout: .seconds(60)))
            #expect(await quick.record.outcome.isSuccess)
            let slow = try await Self.start(Self.endless, in: pool)
            #expect(await pool.join(timeout: .milliseconds(50)) == false)
            #expect(await slow.record.outcome.kind == .cancelled)
            let next = try await pool.submit(Self.shell("true"))
            #expect(await pool.join(), "nothing was terminated since")
            #expect(await next.record.outcome.isSuccess, "the pool goes on")
        }
    }

    @Test func `a join that runs out of time starts nothing that waits, and all who join know`() async throws {
        let started = Mutex(0)
        try await withPool(Self.configuration(jobs: 1)) { pool in
            try await Self.start(Self.endless, in: pool)
            for _ in 0..<3 { try await pool.submit(Self.endless, onStart: { _, _ in started.withLock { $0 += 1 } }) }
            async let patient = pool.join()
            while await pool.joins.isEmpty { await Task.yield() }
            #expect(await pool.join(timeout: .milliseconds(50)) == false)
            #expect(await patient == false)
            #expect(started.withLock { $0 } == 0)
        }
    }

    @Test func `what the user cancels was not terminated`() async throws {
        try await withPool(Self.configuration()) { pool in
            let handle = try await Self.start(Self.endless, in: pool)
            await pool.cancel(handle.id)
            #expect(await pool.join(timeout: .seconds(60)))
        }
    }

    @Test func `bytes that are no UTF-8 are passed on in the environment`() async throws {
        let name = "CGEXEC_TEST_BYTES"
        let value: [CChar] = [97, -1, 98, 0]
        setenv(name, value, 1)
        defer { unsetenv(name) }
        let record = try await withPool(Self.configuration()) { pool in
            try await pool.submit(Self.shell("printenv \(name) | od -An -tx1")).record
        }
        #expect(record.output?.stdout?.text == " 61 ff 62 0a\n")
    }

    // MARK: Callbacks and waiting

    @Test func `callbacks come once each, in order`() async throws {
        let told = Mutex<[String]>([])
        try await withPool(Self.configuration()) { pool in
            for _ in 0..<20 {
                try await pool.submit(
                    Self.shell("true"), onStart: { _, start in told.withLock { $0.append("start \(start.id)") } },
                    onDone: { _, record in told.withLock { $0.append("done \(record.id)") } })
            }
            #expect(await pool.join())
        }
        let all = told.withLock { $0 }
        #expect(all.sorted() == (1...20).flatMap { ["start \($0)", "done \($0)"] }.sorted())
        for id in 1...20 {
            let (start, done) = (all.firstIndex(of: "start \(id)"), all.firstIndex(of: "done \(id)"))
            #expect(try #require(start) < #require(done))
        }
    }

    @Test func `the end of a job may bring the next, and the pool is not empty in between`() async throws {
        let (records, tell) = AsyncStream.makeStream(of: Record.self)
        try await withPool(Self.configuration()) { pool in
            try await Self.submit(1, to: pool, tell)
            #expect(await pool.join())
            tell.finish()
            var texts: [String?] = []
            for await record in records { texts.append(record.output?.stdout?.text) }
            #expect(texts == (1...5).map { "\($0)\n" })
        }
    }

    private static func submit(
        _ step: Int, to pool: isolated Pool, _ tell: AsyncStream<Record>.Continuation
    ) throws {
        try pool.submit(
            shell("echo \(step)"),
            onDone: { pool, record in
                tell.yield(record)
                do {
                    if step < 5 { try submit(step + 1, to: pool, tell) }
                } catch {
                    Issue.record(error)
                }
            })
    }

    @Test func `a file for what is learned is there when the pool has ended, or the pool does not begin`() async throws
    {
        let scratch = try ScratchDirectory()
        var configuration = try Self.configuration()
        configuration.learned = .file(scratch.file("needs"))
        let records = try await withPool(configuration) { pool in
            try await pool.map(1...20) { number in
                var job = Self.shell("exit \(number % 2)")
                job.category = number % 3 == 0 ? nil : "c"
                return job
            }
        }
        #expect(records.map(\.outcome.code) == (1...20).map { $0 % 2 })
        configuration.learned = .file(scratch.file("missing/needs"))
        await #expect(throws: LearnedFileError.self) {
            try await withPool(configuration) { _ in Issue.record("the pool began") }
        }
    }

    @Test func `a pool that could not keep what it learned says so`() async throws {
        let scratch = try ScratchDirectory()
        var configuration = try Self.configuration()
        configuration.learned = .file(scratch.file("needs"))
        func close(damaging: Bool) async throws -> LearnedFileError? {
            let pool = try await withPool(configuration) { pool in
                await pool.learn(.init(category: "c", program: .init(path: "p", digest: "0"), bytes: 1))
                if damaging { try scratch.write("damaged meanwhile", to: "needs") }
                return pool
            }
            return await pool.learningFailure
        }
        #expect(try await close(damaging: false) == nil)
        let failure = try await close(damaging: true)
        guard case .damaged = failure?.cause else { throw Trouble("\(String(describing: failure))") }
    }

    @Test func `many tasks may wait for one record`() async throws {
        let ids = try await withPool(Self.configuration()) { pool in
            let handle = try await pool.submit(Self.shell("sleep 0.1"))
            return await withTaskGroup(of: Record.self) { group in
                for _ in 0..<100 { group.addTask { await handle.record } }
                var ids: [JobID] = []
                for await record in group { ids.append(record.id) }
                return ids
            }
        }
        #expect(ids == Array(repeating: JobID(1), count: 100))
    }
}

extension Pool {
    /// As if an attempt had shown that.
    fileprivate func learn(_ sample: MemoryModel.Sample) { runner?.learned?.append(sample) }
}
