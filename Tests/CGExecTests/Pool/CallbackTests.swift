import Support
import Synchronization
import Testing

@testable import CGExec

/// What is called when, and how often, on the real kernel.
@Suite(.scratchCgroup) struct CallbackTests {
    private static func configuration(jobs: Int = 4) throws -> PoolConfiguration {
        PoolConfiguration(jobs: .count(jobs), cgroup: try ScratchCgroup.current().path)
    }

    private static func shell(_ name: String, _ script: String) -> Job {
        Job(name, ["/bin/sh", "-c", script], limits: Limits(timeout: .seconds(60)))
    }

    /// What was called, in order.
    private final class Log: Sendable {
        private let entries = Mutex<[String]>([])
        var all: [String] { entries.withLock { $0 } }
        func add(_ entry: String) { entries.withLock { $0.append(entry) } }

        func submit(_ job: Job, to pool: Pool, in group: JobGroup? = nil) async throws -> JobHandle {
            try await pool.submit(
                job, in: group, onStart: { _, start in self.add("start \(start.job.name) \(start.attempt)") },
                onDone: { _, record in self.add("done \(record.name)") },
                onFinish: { _, record in self.add("finish \(record.name) \(record.outcome.forPeople)") })
        }

        func group(_ name: String, in parent: JobGroup? = nil, of pool: Pool) async throws -> JobGroup {
            try await pool.group(
                name, in: parent, onStart: { _, group in self.add("start \(group.name)") },
                onDone: { _, group in self.add("done \(group.name)") },
                onFinish: { pool, group in
                    let counts = pool.counts(of: group)
                    self.add("finish \(group.name) \(counts.added)/\(counts.done)/\(counts.terminated)")
                })
        }
    }

    private struct Mishap: Error {}

    // MARK: Jobs

    @Test func `a job that succeeds, and one that does not`() async throws {
        let log = Log()
        try await withPool(Self.configuration(jobs: 1)) { pool in
            _ = try await log.submit(Self.shell("good", "true"), to: pool)
            _ = try await log.submit(Self.shell("bad", "exit 3"), to: pool)
            _ = try await log.submit(Job("missing", ["/nonexistent"]), to: pool)
            #expect(await pool.join())
        }
        #expect(
            log.all == [
                "start good 1", "done good", "finish good ok", "start bad 1", "finish bad exit 3", "start missing 1",
                "finish missing launchError",
            ])
    }

    @Test func `each attempt is started and finished, and the last ends the job`() async throws {
        let log = Log()
        let directory = try ScratchDirectory()
        var job = Self.shell("again", "echo x >> '\(directory.file("count"))'; [ $CGEXEC_ATTEMPT = 3 ] || exit 9")
        job.retry = Retry(5)
        let attempts = try await withPool(Self.configuration()) { pool in
            let handle = try await log.submit(job, to: pool)
            #expect(await handle.record.attempt == 3)
            #expect(await pool.join())
            #expect(await pool.failures == [])
            return await handle.attempts
        }
        #expect(attempts.map(\.outcome.kind) == [.exit, .exit, .ok] && attempts.map(\.attempt) == [1, 2, 3])
        #expect(contents(of: directory.file("count")) == "x\nx\nx\n")
        #expect(
            log.all == [
                "start again 1", "finish again exit 9", "start again 2", "finish again exit 9", "start again 3",
                "done again", "finish again ok",
            ])
    }

    @Test func `a job starts again when its time is over, as often as it takes`() async throws {
        let log = Log()
        var job = Self.shell("lucky", "[ $CGEXEC_ATTEMPT = 3 ] || exec sleep 1000")
        job.limits.timeout = .milliseconds(300)
        job.restartsOnTimeout = true
        let group = try await withPool(Self.configuration()) { pool in
            let group = try await log.group("task", of: pool)
            let handle = try await log.submit(job, to: pool, in: group)
            await pool.seal(group)
            #expect(await handle.record.outcome.isSuccess)
            #expect(await handle.attempts.map(\.outcome.kind) == [.timeout, .timeout, .ok])
            #expect(await pool.failures.isEmpty, "what comes to a good end is no failure")
            return await group.result
        }
        #expect(group == GroupCounts(added: 1, done: 1, terminated: 0))
        #expect(log.all.filter { $0.contains("task") } == ["start task", "done task", "finish task 1/1/0"])
        #expect(log.all.filter { $0.hasPrefix("start lucky") }.count == 3)
    }

    @Test func `an onStart that throws fails the attempt, and nothing else`() async throws {
        try await withPool(Self.configuration()) { pool in
            let finished = Mutex(0)
            let group = try await pool.group("task")
            let handle = try await pool.submit(
                Self.shell("never", "true"), in: group, onStart: { _, _ in throw Mishap() },
                onFinish: { _, _ in finished.withLock { $0 += 1 } })
            let next = try await pool.submit(Self.shell("next", "true"), in: group)
            await pool.seal(group)
            let outcome = await handle.record.outcome
            #expect(outcome.kind == .launchError && outcome.stage == "onStart")
            #expect(outcome.message?.contains("Mishap") == true)
            #expect(await handle.record.times.started == nil && finished.withLock { $0 } == 1)
            #expect(await next.record.outcome.isSuccess)
            #expect(await group.result == GroupCounts(added: 2, done: 1, terminated: 1))
            #expect(await pool.failures.map(\.name) == ["never"])
        }
    }

    @Test func `a job can be cancelled before it starts, by its own onStart`() async throws {
        try await withPool(Self.configuration()) { pool in
            let handle = try await pool.submit(
                Job("j", ["sleep", "1000"]), onStart: { pool, start in pool.cancel(start.id) })
            #expect(await handle.record.outcome.kind == .cancelled)
        }
    }

    @Test func `a stub runs nothing, and everything is called`() async throws {
        let log = Log()
        try await withPool(Self.configuration()) { pool in
            let record = try await log.submit(Job("stub", []), to: pool).record
            #expect(record.outcome == Outcome(.ok, code: 0))
        }
        #expect(log.all == ["start stub 1", "done stub", "finish stub ok"])
    }

    @Test func `a job that never starts calls nothing`() async throws {
        let log = Log()
        try await withPool(Self.configuration(jobs: 1)) { pool in
            let running = try await pool.start(Job("first", ["sleep", "1000"]))
            let waiting = try await log.submit(Self.shell("second", "true"), to: pool)
            await pool.cancel(waiting.id)
            #expect(await waiting.attempts.isEmpty)
            #expect(await waiting.record.outcome.kind == .cancelled)
            await pool.cancel(running.id)
            #expect(await pool.join())
        }
        #expect(log.all.isEmpty)
    }

    // MARK: Groups

    @Test func `groups start with their first job and finish once, from the inside out`() async throws {
        let log = Log()
        try await withPool(Self.configuration(jobs: 1)) { pool in
            let outer = try await log.group("outer", of: pool)
            let inner = try await log.group("inner", in: outer, of: pool)
            #expect(log.all.isEmpty)
            _ = try await log.submit(Self.shell("a", "true"), to: pool, in: inner)
            _ = try await log.submit(Self.shell("b", "true"), to: pool, in: outer)
            #expect(await pool.join())
            // Everything so far is over, and more may come.
            _ = try await log.submit(Self.shell("c", "true"), to: pool, in: inner)
            await pool.seal(outer)
            #expect(await outer.result == GroupCounts(added: 2, done: 2, terminated: 0))
            #expect(await inner.counts == GroupCounts(added: 2, done: 2, terminated: 0))
            await pool.seal(inner)
            await pool.cancel(outer)
        }
        #expect(
            log.all == [
                "start outer", "start inner", "start a 1", "done a", "finish a ok", "start b 1", "done b",
                "finish b ok", "start c 1", "done c", "finish c ok", "done inner", "finish inner 2/2/0", "done outer",
                "finish outer 2/2/0",
            ])
    }

    @Test func `a child that fails fails the groups that it is in`() async throws {
        let log = Log()
        try await withPool(Self.configuration()) { pool in
            let outer = try await log.group("outer", of: pool)
            let inner = try await log.group("inner", in: outer, of: pool)
            var slow = Self.shell("slow", "sleep 1000")
            slow.limits.timeout = .milliseconds(100)
            for job in [slow, Self.shell("quick", "true")] {
                _ = try await pool.submit(job, in: inner)
            }
            _ = try await pool.submit(Self.shell("other", "true"), in: outer)
            await pool.seal(outer)
            #expect(await inner.result == GroupCounts(added: 2, done: 1, terminated: 1))
            #expect(await outer.result == GroupCounts(added: 2, done: 1, terminated: 1))
        }
        #expect(log.all == ["start outer", "start inner", "finish inner 2/1/1", "finish outer 2/1/1"])
    }

    @Test func `what the end of a group submits belongs to the same wait`() async throws {
        let ran = Mutex<[String]>([])
        try await withPool(Self.configuration()) { pool in
            try await pool.withGroup(
                "first",
                onDone: { pool, _ in
                    let last = try? pool.submit(
                        Self.shell("after", "true"), onDone: { _, record in ran.withLock { $0.append(record.name) } })
                    if last == nil { Issue.record("refused") }
                }
            ) { group in
                try await pool.submit(Self.shell("j", "true"), in: group)
            }
            #expect(await pool.join())
        }
        #expect(ran.withLock { $0 } == ["after"])
    }
}
