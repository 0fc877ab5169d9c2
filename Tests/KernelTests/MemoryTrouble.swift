import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// What a pool learns from the kernel about memory while jobs run, and what it does then.
    @Suite(.scratchCgroup, .needs(.controller("memory"))) struct MemoryTrouble {
        // MARK: Pressure

        /// A job fills memory beyond what a cgroup above the pool lets it keep, so that the rest goes to swap: the pool
        /// stalls, without any limit of its own or of its job being reached, and far below its budget.
        @Test(.needs(.swap), arguments: [true, false])
        func `pressure holds starts`(_ tells: Bool) async throws {
            let base = try ScratchCgroup.current().make("crowded")
            CgroupTree.enableControllers(in: base)
            try #require(CgroupTree.write("\(32 << 20)", to: base + "/memory.max") == 0)
            try await onOwnThread {
                var presses = Job("presses", try Programs.probe("memory", "112M", "--rate", "24M/s"))
                presses.limits.memory = .mib(256)
                presses.limits.need = .mib(128)
                presses.limits.swap = .mib(256)
                let waits = Job("waits", ["true"], limits: Limits(memory: .mib(4)))
                var configuration = PoolConfiguration(jobs: .count(2), budget: .mib(512))
                configuration.mode = .packed
                let pool = try ObservedPool(configuration, for: [presses], at: base)
                if !tells { try #require(CgroupTree.write("0", to: pool.cgroup + "/cgroup.pressure") == 0) }
                // By then most of it is in swap, and that took long.
                pool.onDecision = { [unowned pool] decision in
                    guard case .memory(let reading) = decision.event, reading.need >= .mib(96), pool.submitted == 1
                    else { return }
                    pool.submit(waits)
                }
                let records = pool.run([presses])
                #expect(records.map(\.outcome.kind) == [.ok, .ok], "\(records.map(\.outcome))")
                #expect(pool.decisions.contains(where: \.isPressure) == tells)
                let submission = pool.decisions.first {
                    if case .submitted(let id, _) = $0.event { id == JobID(2) } else { false }
                }
                let starts = try #require(submission).effects.contains { if case .launch = $0 { true } else { false } }
                #expect(starts == !tells, "\(String(describing: submission))")
                #expect(pool.attempts.isEmpty, "pressure ends nothing")
            }
        }

        @Test(.needs(.swap)) func `a job that stalls at its own limit holds nobody up`() async throws {
            let base = try ScratchCgroup.current().path
            try await onOwnThread {
                var configuration = PoolConfiguration(jobs: .count(2), budget: .mib(512))
                configuration.mode = .packed
                var job = Job("swaps", try Programs.probe("memory", "80M", "--rate", "24M/s"))
                job.limits.memory = .mib(24)
                job.limits.swap = .mib(128)
                let pool = try ObservedPool(configuration, for: [job], at: base)
                let records = pool.run([job])
                #expect(records.map(\.outcome.kind) == [.ok])
                let stalled = records[0].usage?.pressure?.memory?.someSeconds ?? 0
                #expect(stalled > 0.25, "enough to fire a trigger: \(stalled) s")
                #expect(!pool.decisions.contains { $0.isPressure })
            }
        }

        @Test(.needs(.scratchDisk)) func `the pool's own limit`() async throws {
            let base = try ScratchCgroup.current().path
            try await onOwnThread {
                // Page cache of two jobs that may each have the whole budget: the pool has its limit for them together.
                var configuration = PoolConfiguration(jobs: .count(2), budget: .mib(24))
                configuration.mode = .packed
                let files = try [File("one", "22M"), File("two", "22M")]
                let jobs = try files.map { file in
                    var job = Job("reads", try Programs.probe("reread", file.path, "2s"))
                    job.limits.memory = .mib(24)
                    job.limits.need = .mib(4)
                    return job
                }
                let pool = try ObservedPool(configuration, for: jobs, at: base)
                let records = pool.run(jobs)
                #expect(records.map(\.outcome.kind) == [.ok, .ok], "page cache is no need: \(records.map(\.outcome))")
                let reached = pool.decisions.filter { if case .poolAtLimit = $0.event { true } else { false } }
                #expect(!reached.isEmpty)
                #expect(pool.attempts.isEmpty)
            }
        }

        // MARK: Thrashing

        @Test(.needs(.scratchDisk)) func `thrash`() async throws {
            let base = try ScratchCgroup.current().path
            try await onOwnThread {
                let file = try File("shared", "15M")
                var light = try Self.thrasher("light", file, seconds: 25)
                light.limits.thrash = ThrashLimit(.some, above: 0.1, for: .seconds(2))
                (light.category, light.size) = ("reads", 1)
                var heavy = try Self.thrasher("heavy", file, seconds: 25)
                (heavy.category, heavy.size) = ("reads", 2)
                var other = Job("other", ["true"], limits: light.limits)
                (other.category, other.size) = ("else", 2)
                let pool = try ObservedPool(PoolConfiguration(jobs: .count(1)), for: [light], at: base)
                let records = pool.run([light, heavy, other])
                let outcome = records[0].outcome
                #expect(outcome.kind == .memory && outcome.stage == "thrash" && outcome.culprit == .job, "\(outcome)")
                #expect(records[0].enforcement["thrash"] == .scheduler)
                #expect(records[1].outcome.kind == .chained && records[1].outcome.cause == JobID(1))
                #expect(records[1].times.started == nil, "it never ran")
                #expect(records[2].outcome.kind == .ok && records[2].enforcement["thrash"] == .scheduler)
            }
        }

        /// A file on the scratch disk, not in the page cache of a job; removed when it goes out of scope.
        private final class File {
            let path: String

            init(_ name: String, _ size: String) throws {
                path = "/mnt/scratch/cgexec-\(name)"
                unlink(path)
                let result = Command(try Programs.probe("cache", path, size, "--leave")).run()
                if result.status != 0 { throw Trouble(result.output) }
            }

            deinit { unlink(path) }
        }

        /// Reads a file again and again that is larger than its memory limit, from a disk that is slow: it stalls.
        private static func thrasher(_ name: String, _ file: File, seconds: Int) throws -> Job {
            var job = Job(
                name, try Programs.probe("reread", file.path, "\(seconds)s"), limits: Limits(memory: .mib(12)))
            job.limits.grace = .zero
            job.limits.io = [IOLimit(device: Need.scratchDevice ?? "", readBytes: 4 << 20)]
            return job
        }

        // MARK: What stays

        @Test func `memory left behind`() async throws {
            let base = try ScratchCgroup.current().path
            try await onOwnThread {
                let folder = try ScratchDirectory(in: "/dev/shm")
                func job(_ name: String, _ memory: UInt64, _ command: [String]) -> Job {
                    Job(name, command, limits: Limits(memory: .mib(memory)))
                }
                let jobs = [
                    job("leaves", 48, try Programs.probe("tmpfs", folder.path, "32M", "--leave")),
                    job("fits beside", 56, try Programs.probe("memory", "48M")),
                    job("does not fit", 80, ["true"]),
                ]
                let fits = job("fits again", 80, try Programs.probe("memory", "72M"))
                let pool = try ObservedPool(
                    PoolConfiguration(jobs: .count(1), budget: .mib(96)), for: jobs, at: base)
                pool.onRecord = { [unowned pool] record in
                    guard record.name == "does not fit" else { return }
                    folder.empty()
                    _ = pool.core.submit(fits)
                }
                let oom = { CgroupTree.number("oom", in: pool.cgroup + "/memory.events") }
                pool.onDecision = { _ in #expect(oom() == 0) }
                let records = pool.run(jobs)
                #expect(records.map(\.outcome.kind) == [.ok, .ok, .launchError, .ok], "\(records.map(\.outcome))")
                #expect(records[0].notes?.contains { $0.contains("left") && $0.contains("tmpfs") } ?? false)
                #expect(records[2].outcome.stage == "admission")
                #expect(records[2].outcome.message?.contains("job 'leaves'") ?? false, "\(records[2].outcome)")
            }
        }
    }
}
