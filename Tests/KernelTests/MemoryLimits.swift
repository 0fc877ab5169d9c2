import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// What the memory controller enforces, and what we tell about it.
    @Suite(.scratchCgroup, .needs(.controller("memory"))) struct MemoryLimits {
        @Test func `a job over its limit ends with memory, culprit job, the whole tree dead`() async throws {
            let base = try ScratchCgroup.current().path
            // A shell with a child that breaches, two children that stay small, and words for after the kill.
            let small = try Programs.probe("memory", "1M", "--children", "2", "--hold", "1h")
            let script = "\"$@\" & \"$1\" memory 128M; echo survived"
            let job = Job(
                "breach", ["sh", "-c", script, "sh"] + small,
                limits: Limits(memory: .mib(64)))
            let record = try await InProcess.record(of: job, at: base)
            #expect(record.outcome.kind == .memory, "\(record.outcome)")
            #expect(record.outcome.culprit == .job)
            #expect(record.outcome.signal == Int(SIGKILL))
            #expect(record.output?.stdout?.text?.contains("survived") == false)
            #expect(record.enforcement["memory"] == .cgroup)
            #expect(record.effective?["memory.oom.group"] == "1")
            #expect(CgroupTree.children(of: base).isEmpty)
        }

        @Test func `oom.group`() async throws {
            // Without it the kernel takes one process, and the rest goes on as if nothing had happened.
            let base = try Cgroup.open(ScratchCgroup.current().path)
            let leaf = try base.makeChild("half-killed")
            try leaf.write("0", to: "memory.swap.max")
            try leaf.write("\(32 << 20)", to: "memory.max")
            let script = "echo $$ >'\(leaf.path)/cgroup.procs'; \"$1\" memory 64M; echo survived"
            let result = Command(["sh", "-c", script, "sh", try Programs.probe()]).run()
            #expect(result.output.contains("survived"), "the kernel has this rule: \(result.output)")
            try base.removeChild("half-killed")

            let job = Job(
                "whole", ["sh", "-c", "\"$1\" memory 64M; echo survived", "sh", try Programs.probe()],
                limits: Limits(memory: .mib(32)))
            let record = try await InProcess.record(of: job, at: base.path)
            #expect(record.outcome.kind == .memory)
            #expect(record.output?.stdout?.text == "")
        }

        @Test func `oom counted at limit vs victim`() async throws {
            let base = try ScratchCgroup.current().make("limited")
            var breach = LaunchPlan(try Programs.probe("memory", "48M"))
            breach.leaf.swap = ByteSize(0)  // as every leaf within a budget

            var own = breach
            own.leaf.memory = .mib(24)
            let atLeaf = try await Rig.run(own, at: base).ending.memory
            #expect(
                atLeaf?.oomAtLeaf ?? 0 > 0 && atLeaf?.oomAtPool == 0 && atLeaf?.oomAbove == 0,
                "\(String(describing: atLeaf))")

            let atPool = try await Rig.run(breach, poolLimit: .mib(24), at: base).ending.memory
            #expect(atPool?.killsInLeaf ?? 0 > 0, "the victim was in the leaf")
            #expect(
                atPool?.oomAtLeaf == 0 && atPool?.oomAtPool ?? 0 > 0 && atPool?.oomAbove == 0,
                "\(String(describing: atPool))")

            CgroupTree.write("0", to: base + "/memory.swap.max")
            try #require(CgroupTree.write("\(24 << 20)", to: base + "/memory.max") == 0)
            let above = try await Rig.run(breach, at: base).ending.memory
            #expect(above?.killsInLeaf ?? 0 > 0, "the victim was in the leaf")
            #expect(
                above?.oomAtLeaf == 0 && above?.oomAtPool == 0 && above?.oomAbove ?? 0 > 0,
                "\(String(describing: above))")
        }

        @Test func `the culprit is whose limit it was`() async throws {
            let base = try ScratchCgroup.current().make("limited")
            let breach = Job("breach", try Programs.probe("memory", "48M"))

            // A budget, of which a job without a limit gets its share.
            let budget = PoolConfiguration(jobs: .count(1), budget: .mib(24))
            let share = try await InProcess.record(of: breach, budget, at: base)
            #expect(share.outcome.kind == .memory && share.outcome.culprit == .pool, "\(share.outcome)")

            // A budget that two jobs break together, each within a limit of its own that is too generous for both.
            #expect(try await outcome(of: breach, poolLimit: .mib(24), at: base).culprit == .pool)

            CgroupTree.write("0", to: base + "/memory.swap.max")
            try #require(CgroupTree.write("\(24 << 20)", to: base + "/memory.max") == 0)
            let above = try await InProcess.record(of: breach, at: base)
            #expect(above.outcome.kind == .memory && above.outcome.culprit == .ancestor, "\(above.outcome)")

            // The nearest limit is the one that counts.
            var limited = breach
            limited.limits.memory = .mib(16)
            let own = try await InProcess.record(of: limited, at: base)
            #expect(own.outcome.kind == .memory && own.outcome.culprit == .job, "\(own.outcome)")
        }

        /// The outcome in a pool whose limit the job's leaf does not share.
        private func outcome(of job: Job, poolLimit: ByteSize, at base: String) async throws -> Outcome {
            let plan = LaunchPlan(job.command, leaf: LeafPlan(swap: ByteSize(0)))
            let ending = try await Rig.run(plan, poolLimit: poolLimit, at: base).ending
            return Outcome(ending.status, endedFor: nil, culprit: ending.memory?.culprit, memory: nil)
        }

        @Test func `page-rounded read-back`() async throws {
            let base = try ScratchCgroup.current().path
            let job = Job("odd", ["true"], limits: Limits(memory: .size(ByteSize((64 << 20) + 1))))
            let record = try await InProcess.record(of: job, at: base)
            #expect(record.outcome.kind == .ok, "\(record.outcome)")
            #expect(record.effective?["memory.max"] == "\(64 << 20)")
            #expect(record.enforcement["memory"] == .cgroup)
        }

        @Test(.needs(.swap)) func `swap is none unless asked for, and limited when asked for`() async throws {
            let base = try ScratchCgroup.current().path
            // More than fits without swap; noise, which zram cannot shrink.
            let command = try Programs.probe("memory", "48M", "--hold", "100ms")
            var job = Job("swapper", command, limits: Limits(memory: .mib(24)))
            let without = try await InProcess.record(of: job, at: base)
            #expect(without.outcome.kind == .memory && without.outcome.culprit == .job, "\(without.outcome)")
            #expect(without.effective?["memory.swap.max"] == "0")

            job.limits.swap = .mib(64)
            let with = try await InProcess.record(of: job, at: base)
            #expect(with.outcome.kind == .ok, "\(with.outcome)")
            #expect(with.enforcement["swap"] == .cgroup)
            if kernelIsAtLeast(6, 5) {
                #expect(with.usage?.swapPeakBytes ?? 0 >= 16 << 20, "\(String(describing: with.usage))")
            } else {
                #expect(with.usage?.swapPeakBytes == nil, "memory.swap.peak came with Linux 6.5")
            }

            let budget = PoolConfiguration(jobs: .count(1), budget: .mib(32))
            let within = try await InProcess.record(of: job, budget, at: base)
            #expect(within.outcome.kind == .ok, "a budget of memory leaves the swap: \(within.outcome)")

            job.limits.swap = .mib(8)
            let limited = try await InProcess.record(of: job, at: base)
            #expect(limited.outcome.kind == .memory && limited.outcome.culprit == .job, "\(limited.outcome)")
        }

        @Test(.needs(.swap)) func `swap.max without swap`() async throws {
            let devices = CgroupTree.words(of: "/proc/swaps").filter { $0.hasPrefix("/") }
            for device in devices { try #require(Command(["swapoff", device]).run().status == 0) }
            defer { for device in devices { _ = Command(["swapon", device]).run() } }
            #expect(!LeafSettings.hostHasSwap())
            let base = try ScratchCgroup.current().path
            var job = Job("breach", try Programs.probe("memory", "48M"), limits: Limits(memory: .mib(24)))
            job.limits.swap = .mib(24)
            let record = try await InProcess.record(of: job, at: base)
            #expect(record.outcome.kind == .memory && record.outcome.culprit == .job, "\(record.outcome)")
            #expect(record.enforcement["swap"] == .cgroup)
        }
    }
}

/// Whether this kernel is of that version or later.
func kernelIsAtLeast(_ major: Int, _ minor: Int) -> Bool {
    let numbers = Host.kernelRelease().split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    return numbers.count == 2 && (numbers[0], numbers[1]) >= (major, minor)
}
