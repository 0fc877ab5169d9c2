import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// Numbers of processes, and processes that slip away.
    @Suite(.scratchCgroup) struct ProcessLimits {
        @Test(.needs(.controller("pids"))) func `a fork bomb is contained`() async throws {
            let base = try ScratchCgroup.current().path
            let bomb = try Programs.probe("forkbomb", "--leave")
            let record = try await InProcess.record(of: Job("bomb", bomb, limits: Limits(pids: 64)), at: base)
            #expect(record.outcome.kind == .ok, "\(record.outcome)")
            let report = try Report(record)
            #expect(report.forked == 63, "itself and 63 children")
            #expect(report.errno == EAGAIN)
            #expect(record.limitsHit == ["pids"])
            #expect(record.usage?.pidsPeak == 64, "\(String(describing: record.usage))")
            #expect(record.enforcement["pids"] == .cgroup)
            #expect(record.effective?["pids.max"] == "64")
            #expect(CgroupTree.children(of: base).isEmpty)
        }

        @Test(.needs(.controller("pids"))) func `a job that is asked to end at its pids does`() async throws {
            let base = try ScratchCgroup.current().path
            var job = Job("bomb", try Programs.probe("forkbomb", "--leave", "--hold", "1h"), limits: Limits(pids: 16))
            job.limits.onPids = .kill
            let record = try await InProcess.record(of: job, at: base)
            #expect(record.outcome.kind == .pids, "\(record.outcome)")
            #expect(record.limitsHit == ["pids"])
            #expect(record.wallSeconds ?? 3600 < 60)
        }

        @Test func `a daemon in a session of its own is gone when the record is there`() async throws {
            let base = try ScratchCgroup.current().path
            let record = try await InProcess.record(
                of: Job("daemon", try Programs.probe("daemon", "--hold", "1h")), at: base)
            #expect(record.outcome.kind == .ok, "\(record.outcome)")
            let report = try Report(record)
            let daemon = try #require(report.pid)
            #expect(report.sid != daemon, "it is no session leader, so it forked twice")
            #expect(!Processes.isAlive(daemon))
        }
    }
}
