import Support
import Synchronization
import Testing

@testable import CGExec

/// Groups, waiting, failures and output as a program uses them, on the real kernel.
@Suite(.scratchCgroup) struct PoolUseTests {
    private static func configuration(jobs: Int = 4, name: String? = nil) throws -> PoolConfiguration {
        var configuration = PoolConfiguration(jobs: .count(jobs), cgroup: try ScratchCgroup.current().path)
        configuration.name = name
        return configuration
    }

    private static func shell(_ name: String, _ script: String) -> Job {
        Job(name, ["/bin/sh", "-c", script], limits: Limits(timeout: .seconds(60)))
    }

    private static let endless = Job("endless", ["sleep", "1000"])

    private struct Mishap: Error {}

    @Test func `of the jobs of a map the highest priority is first`() async throws {
        let records = try await withPool(Self.configuration(jobs: 1)) { pool in
            try await pool.map([0, 2, 1]) { priority in
                var job = Self.shell("\(priority)", "true")
                job.priority = priority
                return job
            }
        }
        #expect(records.map(\.name) == ["0", "2", "1"])
        let starts = records.compactMap { record in record.times.started.map { ($0, record.name) } }
        #expect(starts.sorted { $0.0 < $1.0 }.map(\.1) == ["2", "1", "0"])
    }

    // MARK: Groups

    @Test func `what can wait for itself is refused`() async throws {
        try await withPool(Self.configuration()) { pool in
            let group = try await pool.group("g")
            let inner = try await pool.group("inner", in: group)
            var job = Self.shell("j", "true")
            job.after = [.group(group.id)]
            let growing = await #expect(throws: InvalidJob.self) { try await pool.submit(job) }
            #expect(growing?.description == "job j: after: group 'g' may still grow: seal it first")
            job.after = [.job(JobID(1)), .group(JobGroupID(3))]
            let unknown = await #expect(throws: InvalidJob.self) { try await pool.submit(job) }
            #expect(unknown?.problems.map(\.key) == ["after", "after"])
            #expect(unknown?.problems.first?.message == "there is no job 1 in this pool: submit it first")

            await pool.seal(group)
            let full = await #expect(throws: InvalidJob.self) {
                try await pool.submit(Self.shell("j", "true"), in: inner)
            }
            #expect(full?.description == "job j: group: group inner is sealed: nothing can be added to it any more")
            await #expect(throws: InvalidGroup.self) { _ = try await pool.group("late", in: group) }
            await #expect(throws: InvalidGroup.self) { _ = try await pool.group("never", timeout: .zero) }
            #expect(await group.result == GroupCounts(added: 1, done: 1, terminated: 0))
            job.after = [.group(group.id)]
            #expect(try await pool.run(job).outcome.isSuccess)
        }
    }

    @Test func `a group of another pool is refused`() async throws {
        let configuration = try Self.configuration()
        try await withPool(configuration) { pool in
            let group = try await pool.group("g")
            try await withPool(configuration) { other in
                await #expect(throws: InvalidJob.self) { try await other.submit(Self.endless, in: group) }
                await other.seal(group)
                await other.cancel(group)
            }
            #expect(try await pool.run(Self.shell("j", "true"), in: group).outcome.isSuccess)
        }
    }

    @Test func `jobs have what their group says, where they say nothing`() async throws {
        let directory = try ScratchDirectory()
        let log = directory.file("log")
        let records = try await withPool(Self.configuration(jobs: 1)) { pool in
            let outer = try await pool.group("outer", stdout: .append(log), params: ["set": "a", "side": "left"])
            return try await pool.withGroup("inner", in: outer, params: ["set": "b"]) { inner in
                var own = Self.shell("own", "echo own")
                own.stdout = .capture(.kib(1))
                own.params = ["side": "right"]
                return try await pool.map([own, Self.shell("plain", "echo plain")], in: inner) { $0 }
            }
        }
        #expect(records[0].output?.stdout?.text == "own\n" && contents(of: log) == "plain\n")
        #expect(records.map(\.params) == [["set": "b", "side": "right"], ["set": "b", "side": "left"]])
        #expect(records.map(\.task) == ["outer/inner", "outer/inner"])
    }

    @Test func `the time of a group`() async throws {
        try await withPool(Self.configuration(jobs: 1)) { pool in
            let group = try await pool.group("g", timeout: .milliseconds(200))
            let running = try await pool.submit(Self.endless, in: group)
            let waiting = try await pool.submit(Self.endless, in: group)
            await pool.seal(group)
            #expect(await group.result == GroupCounts(added: 2, done: 0, terminated: 2))
            let outcome = await running.record.outcome
            #expect(outcome.kind == .timeout && outcome.stage == "group")
            #expect(await waiting.record.attempt == 0)
        }
    }

    @Test func `a group whose body throws is cancelled`() async throws {
        try await withPool(Self.configuration()) { pool in
            let made = Mutex<JobGroup?>(nil)
            await #expect(throws: Mishap.self) {
                try await pool.withGroup("g") { group in
                    made.withLock { $0 = group }
                    try await pool.start(Self.endless, in: group)
                    throw Mishap()
                }
            }
            let group = try #require(made.withLock { $0 })
            #expect(await group.result == GroupCounts(added: 1, done: 0, terminated: 1))
            #expect(await pool.join(), "it was the user who cancelled")
        }
    }

    @Test func `cancelling the task that waits for a group ends it`() async throws {
        try await withPool(Self.configuration()) { pool in
            let group = try await pool.group("g")
            try await pool.start(Self.endless, in: group)
            let task = Task { await group.result }
            task.cancel()
            #expect(await task.value == GroupCounts(added: 1, done: 0, terminated: 1))
        }
    }

    @Test func `the end of the pool ends groups that nobody sealed`() async throws {
        let finished = Mutex(0)
        let group = try await withPool(Self.configuration()) { pool in
            let group = try await pool.group("g", onFinish: { _, _ in finished.withLock { $0 += 1 } })
            try await pool.start(Self.endless, in: group)
            return group
        }
        #expect(await group.result == GroupCounts(added: 1, done: 0, terminated: 1))
        #expect(await group.counts == GroupCounts(added: 1, done: 0, terminated: 1))
        #expect(finished.withLock { $0 } == 1)
    }

    // MARK: Waiting

    @Test func `the time of a join counts from the first job since the pool was empty`() async throws {
        try await withPool(Self.configuration()) { pool in
            // Far longer than the timeout below, before the pool is empty again.
            #expect(try await pool.run(Self.shell("early", "sleep 2")).outcome.isSuccess)
            #expect(await pool.join(timeout: .milliseconds(1)), "there is nothing to wait for")
            let next = try await pool.submit(Self.shell("next", "sleep 0.1"))
            #expect(await pool.join(timeout: .milliseconds(1900)), "what was before does not count")
            #expect(await next.record.outcome.isSuccess)

            let slow = try await pool.start(Self.endless)
            try await Task.sleep(for: .milliseconds(1500))
            let began = civilNow()
            #expect(await pool.join(timeout: .milliseconds(1500)) == false)
            let ended = try #require(await slow.record.times.ended)
            #expect(await slow.record.outcome.kind == .cancelled)
            let late = ended.nanosecondsSinceEpoch - began.nanosecondsSinceEpoch
            #expect(late < 1_400_000_000, "its time was over before anybody waited")
        }
    }

    @Test func `failures are kept until they are cleared, and the pool goes on`() async throws {
        try await withPool(Self.configuration(jobs: 1, name: "night")) { pool in
            #expect(pool.name == "night")
            try await pool.withGroup("outer") { outer in
                try await pool.withGroup("inner", in: outer) { inner in
                    try await pool.submit(Self.shell("five", "exit 5"), in: inner)
                }
                try await pool.submit(Self.shell("good", "true"), in: outer)
                try await pool.submit(Self.shell("killed", "kill -SEGV $$"), in: outer)
            }
            try await pool.submit(Job("missing", ["/nonexistent"]))
            #expect(await pool.join(), "nothing was terminated")
            #expect(await pool.failures.map(\.name) == ["five", "killed", "missing"])
            let tree = await pool.failureTree.replacing(#/after [0-9.]+ (ms|µs)/#, with: "after 0 ms")
            #expect(
                tree == """
                    pool night: 3 of 4 jobs did not succeed
                      missing (4): launchError, after 0 ms
                      outer: 2 in this group
                        killed (3): signal SIGSEGV, after 0 ms
                        inner: 1 in this group
                          five (1): exit 5, after 0 ms
                    """)
            await pool.clear()
            #expect(await pool.failures.isEmpty)
            #expect(try await pool.run(Self.shell("again", "true")).outcome.isSuccess)
            #expect(await pool.failureTree == "pool night: 0 of 1 job did not succeed")
        }
    }

    @Test func `a pool whose join ran out of time is used again`() async throws {
        try await withPool(Self.configuration(jobs: 1)) { pool in
            try await pool.start(Self.endless)
            try await pool.submit(Self.endless)
            #expect(await pool.join(timeout: .milliseconds(50)) == false)
            #expect(await pool.failures.map(\.outcome.kind) == [.cancelled, .cancelled])
            await pool.clear()
            try await pool.submit(Self.shell("next", "true"))
            #expect(await pool.join(timeout: .seconds(60)))
            #expect(await pool.failures.isEmpty)
        }
    }

    // MARK: Output

    @Test func `output is appended after a line with the date`() async throws {
        let directory = try ScratchDirectory()
        let log = directory.file("new/er/log")
        try await withPool(Self.configuration(jobs: 1)) { pool in
            for word in ["one", "two", "three"] {
                var job = Self.shell("j", "echo \(word); echo err >&2")
                (job.stdout, job.stderr) = (.append(log), .append(log))
                // The third time through us.
                job.limits.outputLimit = word == "three" ? .mib(1) : nil
                let record = try await pool.run(job)
                #expect(record.outcome.isSuccess)
            }
            let silent = Job("silent", ["true"], stdout: .file(directory.file("other/empty")), stderr: .discard)
            let record = try await pool.run(silent)
            #expect(record.outcome.isSuccess)
        }
        let lines = try #require(contents(of: log)).split(separator: "\n").map { line in
            line.replacing(#/^# -{5} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d -{30}$/#, with: "header")
        }
        #expect(lines == ["one", "err", "header", "two", "err", "header", "three", "err"])
        #expect(contents(of: directory.file("other/empty")) == "", "it stays")
    }

    @Test func `a directory that cannot be made says so`() async throws {
        let directory = try ScratchDirectory()
        let file = try directory.write("", to: "file")
        let records = try await withPool(Self.configuration()) { pool in
            try await pool.map([nil, ByteSize.mib(1)]) { limit in
                var job = Job("j", ["true"], stdout: .file(file + "/below/out"))
                job.limits.outputLimit = limit
                return job
            }
        }
        #expect(records.map(\.outcome.stage) == ["stdio", "stdio"])
        #expect(records.allSatisfy { $0.outcome.message?.contains("Not a directory") == true })
    }

    // MARK: Slots

    @Test func `the least share of the budget limits the slots`() async throws {
        var configuration = try Self.configuration(jobs: 8)
        var slots: [Int] = []
        for share in [MemoryAmount.gib(1 << 20), .fraction(0.3), .mib(1)] {
            configuration.leastShare = share
            slots.append(try await withPool(configuration) { pool in await pool.slots })
        }
        #expect(slots == [1, 3, 8])
    }
}
