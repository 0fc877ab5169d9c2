import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// Which CPUs, how much of them, and for how long.
    @Suite(.scratchCgroup) struct CPULimits {
        @Test(.needs(.controller("cpuset"), .cpus(2))) func `cpuset effective vs asked`() async throws {
            let base = try ScratchCgroup.current().make("narrow")
            try #require(CgroupTree.write("0", to: base + "/cpuset.cpus") == 0)
            // A wish for CPU 1 is taken, and then the kernel grants what the parent has: it would run on CPU 0.
            var job = Job("elsewhere", ["true"])
            job.limits.cpuset = CPUSet([1])
            let record = try await InProcess.record(of: job, at: base)
            #expect(record.outcome.kind == .launchError && record.outcome.stage == "leaf", "\(record.outcome)")
            #expect(record.outcome.message?.contains("cpuset.cpus.effective") == true, "\(record.outcome)")
            #expect(record.outcome.message?.contains("may use CPUs 0") == true, "\(record.outcome)")
            #expect(CgroupTree.children(of: base).isEmpty)
        }

        @Test(.needs(.controller("cpuset"), .cpus(2))) func `a job sees the CPUs and nodes it was given`() async throws
        {
            let base = try ScratchCgroup.current().path
            var job = Job("viewer", try Programs.probe("view"))
            job.limits.cpuset = CPUSet([1])
            job.limits.mems = CPUSet([0])
            let record = try await InProcess.record(of: job, at: base)
            let report = try Report(record)
            #expect(report.cpus == "1")
            #expect(record.effective?["cpuset.cpus.effective"] == "1")
            #expect(record.effective?["cpuset.mems.effective"] == "0")
            #expect(record.placement == Record.Placement(cpus: CPUSet([1]), mems: CPUSet([0])))
            #expect(record.enforcement["cpus"] == .cgroup && record.enforcement["mems"] == .cgroup)
        }

        @Test(.needs(.controller("cpu"), .cpus(2))) func `cpu.max holds a job to its quota`() async throws {
            let base = try ScratchCgroup.current().path
            var job = Job("throttled", try Programs.probe("spin", "--wall", "2s", "--threads", "2"))
            job.limits.cpuQuota = 0.5
            let record = try await InProcess.record(of: job, at: base)
            #expect(record.outcome.kind == .ok, "\(record.outcome)")
            let used = try #require(record.usage?.cpuSeconds)
            let wall = try #require(record.wallSeconds)
            // A period of 100 ms may be begun and not ended.
            #expect(used <= 0.5 * wall + 0.1, "\(used) s in \(wall) s")
            #expect(record.usage?.throttledSeconds ?? 0 > 0.5, "\(String(describing: record.usage))")
            #expect(record.effective?["cpu.max"] == "50000 100000")
        }

        @Test(.needs(.controller("cpu"), .controller("cpuset"), .cpus(2)))
        func `cpu.weight shares a contended CPU`() async throws {
            let base = try ScratchCgroup.current().path
            let jobs = try [100, 300].map { weight in
                var job = Job("weight \(weight)", try Programs.probe("spin", "--wall", "4s"))
                job.limits.cpuWeight = weight
                job.limits.cpuset = CPUSet([1])
                return job
            }
            let records = try await InProcess.records(of: jobs, PoolConfiguration(jobs: .count(2)), at: base)
            #expect(records.allSatisfy { $0.outcome.kind == .ok }, "\(records.map(\.outcome))")
            let used = records.compactMap { $0.usage?.cpuSeconds }
            try #require(used.count == 2)
            #expect((2.0...4.0).contains(used[1] / used[0]), "\(used)")
            #expect(records.map { $0.effective?["cpu.weight"] } == ["100", "300"])
        }

        @Test(.needs(.cpus(2))) func `a CPU time limit is exact with many threads`() async throws {
            let base = try ScratchCgroup.current().path
            var job = Job("burner", try Programs.probe("spin", "--wall", "1h", "--threads", "2"))
            job.limits.cpuTimeout = .seconds(2)
            job.limits.grace = .zero
            let record = try await InProcess.record(of: job, at: base)
            #expect(record.outcome.kind == .cpuTimeout, "\(record.outcome)")
            let used = try #require(record.usage?.cpuSeconds)
            // An emulated machine takes its time to run the one that ends it.
            let lateness = getenv("CGEXEC_VM") == nil ? 0.2 : 0.6
            #expect(used >= 2 && used <= 2 + lateness, "\(used) s")
        }

        @Test func `a wall time limit ends what ignores the request`() async throws {
            let base = try ScratchCgroup.current().path
            var job = Job("stubborn", try Programs.probe("ignore-term", "--hold", "1h"))
            job.limits.timeout = .seconds(2)
            job.limits.grace = .milliseconds(500)
            let record = try await InProcess.record(of: job, at: base)
            #expect(record.outcome.kind == .timeout && record.outcome.signal == Int(SIGKILL), "\(record.outcome)")
            #expect(record.output?.stdout?.text?.contains("SIGTERM") == true, "it was asked first")
            let wall = try #require(record.wallSeconds)
            #expect(wall >= 2.5 && wall < 10, "\(wall) s")
        }
    }
}
