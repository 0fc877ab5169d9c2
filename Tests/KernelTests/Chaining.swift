import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// Jobs that would fail as one just did.
    @Suite(.scratchCgroup) struct Chaining {
        private static func job(_ size: Double, _ command: [String], _ limits: Limits, in category: String = "c") -> Job
        {
            var job = Job("\(category) \(size)", command, limits: limits)
            (job.category, job.size) = (category, size)
            return job
        }

        /// A program that runs until it is ended.
        private static let endless = ["sleep", "1d"]

        @Test(.needs(.controller("memory"))) func `a hard limit that is broken`() async throws {
            let base = try ScratchCgroup.current().path
            try await onOwnThread {
                let limits = Limits(memory: .mib(24))
                // It breaks its limit when the other one surely runs; three places, and the others wait.
                let breaks = Self.job(
                    100, ["sh", "-c", "sleep 1; exec \"$@\"", "sh"] + (try Programs.probe("memory", "32M")), limits)
                let jobs = [
                    breaks, Self.job(120, Self.endless, limits), Self.job(50, ["sleep", "6"], limits),
                    Self.job(200, Self.endless, limits), Self.job(200, ["true"], Limits(memory: .mib(48))),
                    Self.job(300, ["true"], limits, in: "other"),
                ]
                let pool = try ObservedPool(PoolConfiguration(jobs: .count(3)), for: jobs, at: base)
                let records = pool.run(jobs)
                #expect(
                    records.map(\.outcome.kind) == [.memory, .chained, .ok, .chained, .ok, .ok],
                    "\(records.map(\.outcome))")
                #expect(records[0].outcome.culprit == .job)
                #expect(records[1].outcome.cause == JobID(1) && records[1].times.started != nil)
                #expect(records[3].outcome.cause == JobID(1) && records[3].times.started == nil, "it never ran")
            }
        }

        @Test(.needs(.controller("memory"))) func `an estimate that is broken`() async throws {
            let base = try ScratchCgroup.current().path
            try await onOwnThread {
                var limits = Limits()
                limits.need = .mib(16)
                let probe = try Programs.probe("memory", "24M")
                let late = ["sh", "-c", "sleep 1; exec \"$@\"", "sh"] + probe
                let jobs = [
                    Self.job(100, probe, limits), Self.job(120, late, limits), Self.job(50, ["sleep", "2"], limits),
                    Self.job(200, probe, limits), Self.job(300, ["true"], limits, in: "other"),
                ]
                let pool = try ObservedPool(PoolConfiguration(jobs: .count(3), budget: .mib(128)), for: jobs, at: base)
                let records = pool.run(jobs)
                #expect(records.map(\.outcome.kind) == Array(repeating: .ok, count: 5), "\(records.map(\.outcome))")
                let tries = Dictionary(grouping: pool.attempts, by: \.id).mapValues { $0.map(\.outcome) }
                #expect(tries[JobID(1)]?.map(\.kind) == [.memory])
                #expect(tries[JobID(2)]?.map(\.kind) == [.chained] && tries[JobID(2)]?.first?.cause == JobID(1))
                #expect(tries.count == 2, "what waited was raised before it started: \(tries)")
                let granted = records.map { $0.effective?["memory.max"].flatMap { UInt64($0) } ?? 0 }
                #expect([0, 1, 3].allSatisfy { granted[$0] >= 32 << 20 } && granted[2] == 16 << 20, "\(granted)")
            }
        }

        @Test func `a time limit`() async throws {
            let base = try ScratchCgroup.current().path
            try await onOwnThread {
                var limits = Limits(timeout: .seconds(1))
                limits.grace = .zero
                func job(
                    _ size: Double, slowdown: Double = 1, _ command: [String], seconds: Int, in category: String = "c"
                ) -> Job {
                    var job = Self.job(size, command, limits, in: category)
                    job.slowdown = slowdown
                    job.limits.timeout = .seconds(seconds)
                    return job
                }
                let jobs = [
                    job(100, Self.endless, seconds: 1),
                    // Twice as heavy, so it would take twice as long at least.
                    job(50, slowdown: 4, Self.endless, seconds: 2), job(50, ["sleep", "2"], seconds: 60),
                    job(100, slowdown: 3, Self.endless, seconds: 3), job(100, slowdown: 3, ["true"], seconds: 4),
                    job(300, ["true"], seconds: 1, in: "other"),
                ]
                let pool = try ObservedPool(PoolConfiguration(jobs: .count(3)), for: jobs, at: base)
                let records = pool.run(jobs)
                #expect(
                    records.map(\.outcome.kind) == [.timeout, .chained, .ok, .chained, .ok, .ok],
                    "\(records.map(\.outcome))")
                #expect(records[1].outcome.cause == JobID(1) && records[1].times.started != nil)
                #expect(records[3].outcome.cause == JobID(1) && records[3].times.started == nil, "it never ran")
            }
        }
    }
}
