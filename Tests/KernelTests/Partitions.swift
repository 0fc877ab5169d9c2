import Glibc
import Support
import Testing

@testable import CGExec

/// CPUs that the kernel keeps for one pool, and what disturbs those who own CPUs.
extension RealKernel.TwoNodes {
    /// Two slots of a core each, 2-3 and 4-5; the first core is the system's.
    private static func configuration(_ kind: CPUPartition?, jobs: Int = 2) -> PoolConfiguration {
        var configuration = PoolConfiguration(jobs: .count(jobs), affinity: AffinityMask(.core, reserve: 1))
        configuration.partition = kind
        return configuration
    }

    private static func ours(of base: String) -> [String] {
        CgroupTree.children(of: base).filter { $0.hasPrefix("cgexec-\(getpid())-") }
    }

    /// At the root of the tree, as a pool of root's is where no systemd owns it.
    @Test(arguments: CPUPartition.allCases) func `a partition takes its CPUs from everybody else`(
        _ kind: CPUPartition
    ) async throws {
        let root = try #require(CgroupTree.mount)
        let everybody = "\(root)/cpuset.cpus.effective"
        let job = Job("look", ["sh", "-c", "cat '\(everybody)'; exec '\(try Programs.probe())' view"])
        let records = try await InProcess.records(of: [job, job], Self.configuration(kind), at: root)
        for record in records {
            #expect(record.outcome.kind == .ok, "\(record.outcome)")
            #expect(record.placement?.partition == kind && record.validity?.verdict == .clean, "\(record)")
            let text = try #require(record.output?.stdout?.text)
            #expect(text.hasPrefix("0-1,6-7\n"), "\(text)")
            #expect(text.contains(#""\#(record.placement?.cpus?.description ?? "?")""#), "\(text)")
        }
        #expect(Set(records.compactMap { $0.placement?.cpus?.description }) == ["2-3", "4-5"])
        #expect(CgroupTree.words(of: everybody) == ["0-7"], "given back")
        #expect(Host.allowedCPUs() == CPUSet(0...7))
    }

    @Test func `below a partition that was made for pools there may be others`() async throws {
        let base = try ScratchCgroup.current().path
        try #require(CgroupTree.write("2-7", to: base + "/cpuset.cpus") == 0)
        try #require(CgroupTree.write("root", to: base + "/cpuset.cpus.partition") == 0)
        try #require(CgroupTree.words(of: base + "/cpuset.cpus.partition") == ["root"])
        // This process is outside, on CPUs 0-1.
        var configuration = PoolConfiguration(jobs: .count(1), affinity: .core)
        configuration.partition = .root
        let record = try await InProcess.record(of: Job("inside", ["true"]), configuration, at: base)
        #expect(record.outcome.kind == .ok && record.placement?.partition == .root, "\(record)")
        #expect(record.placement?.cpus == CPUSet([2, 3]))
    }

    @Test func `where the parent is no partition, nothing starts, and the cure is told`() async throws {
        let base = try ScratchCgroup.current().path
        let error = await #expect(throws: KernelError.self) {
            try await InProcess.record(of: Job("x", ["true"]), Self.configuration(.root), at: base)
        }
        let text = "\(try #require(error))"
        #expect(text.contains("cpuset.cpus.partition reads 'root invalid") && text.contains("The cgroup above must be"))
        #expect(Self.ours(of: base).isEmpty)
        var whole = PoolConfiguration(affinity: .core)
        whole.partition = .root
        whole.bestEffort = true
        let record = try await InProcess.record(of: Job("x", ["true"]), whole, at: base)
        #expect(record.outcome.kind == .ok && record.placement?.partition == nil)
    }

    @Test func `a partition without CPUs of its own is refused`() async throws {
        let base = try ScratchCgroup.current().path
        var configuration = PoolConfiguration(jobs: .count(1))
        configuration.partition = .root
        let error = await #expect(throws: HostUnfit.self) {
            try await InProcess.record(of: Job("x", ["true"]), configuration, at: base)
        }
        #expect(error?.reasons.map(\.what) == ["--partition"])
    }

    @Test func `a partition that is lost perturbs what runs, and nothing more starts`() async throws {
        let root = try #require(CgroupTree.mount)
        let mailbox = try Mailbox()
        let gate = try Mailbox()
        let first = Job("first", ["sh", "-c", "echo up > '\(mailbox.path)'; read -r _ <> '\(gate.path)'"])
        async let ended = InProcess.records(
            of: [first, Job("second", ["true"])], Self.configuration(.root, jobs: 1), at: root)
        _ = try await mailbox.line()
        let pool = try #require(Self.ours(of: root).first)
        try #require(CgroupTree.write("member", to: "\(root)/\(pool)/cpuset.cpus.partition") == 0)
        try await onOwnThread { [path = gate.path] in
            let writer = open(path, O_WRONLY | O_CLOEXEC)
            _ = write(writer, "\n", 1)
            close(writer)
        }
        let records = try await ended
        #expect(records[0].outcome.kind == .ok && records[0].placement?.partition == nil, "\(records[0])")
        #expect(
            records[0].validity?.reasons.contains(
                "its CPUs were taken from the pool's partition: cpuset.cpus.partition reads 'member'") == true,
            "\(records[0].validity?.reasons ?? [])")
        #expect(records[1].outcome.kind == .launchError, "\(records[1].outcome)")
        #expect(records[1].outcome.message?.contains("cpuset.cpus.partition") == true, "\(records[1].outcome)")
    }

    // MARK: Disturbances

    private func spin(beside start: (Mailbox) async throws -> Void = { _ in }) async throws -> Record {
        let mailbox = try Mailbox()
        let base = try ScratchCgroup.current().path
        let probe = try Programs.probe()
        let job = Job("spin", ["sh", "-c", "echo up > '\(mailbox.path)'; exec '\(probe)' spin --wall 3s"])
        let mask = AffinityMask(.core, reserve: 3)
        async let ended = InProcess.record(of: job, PoolConfiguration(jobs: .count(1), affinity: mask), at: base)
        _ = try await mailbox.line()
        try await start(mailbox)
        let record = try await ended
        #expect(record.outcome.kind == .ok && record.placement?.cpus == CPUSet([6, 7]), "\(record)")
        return record
    }

    @Test func `who is left alone is not perturbed, who has a stranger on its CPUs is`() async throws {
        let alone = try await spin()
        #expect(alone.validity?.verdict == .clean, "\(alone.validity?.reasons ?? [])")
        let probe = try Programs.probe()
        var stranger: Int32?
        let record = try await spin { _ in
            stranger = Command(["taskset", "-c", "6-7", probe, "spin", "--wall", "30s", "--threads", "2"]).start()
        }
        kill(try #require(stranger), SIGKILL)
        _ = Command.wait(for: try #require(stranger))
        let reasons = record.validity?.reasons ?? []
        #expect(record.validity?.verdict == .perturbed)
        #expect(
            reasons.contains { $0.hasPrefix("other processes used ") && $0.hasSuffix(" of its CPUs 6-7") }, "\(reasons)"
        )
    }

    @Test func `a CPU that goes and comes back within an attempt is seen`() async throws {
        let record = try await spin { _ in
            let file = "/sys/devices/system/cpu/cpu7/online"
            try #require(CgroupTree.write("0", to: file) == 0)
            try #require(CgroupTree.write("1", to: file) == 0)
        }
        let reasons = record.validity?.reasons ?? []
        for what in ["was taken offline", "was brought online"] {
            #expect(reasons.contains("CPU 7 \(what) while it ran"), "\(reasons)")
        }
    }

    // MARK: exec

    @Test func `exec owns a piece of the machine, too`() async throws {
        let probe = try Programs.probe()
        let pool = try Programs.pool()
        let result = try await onOwnThread {
            Command([pool, "exec", "--affinity", "core,reserve=2", "--", probe, "view"]).run()
        }
        #expect(result.status == 0 && result.output.contains(#""4-5""#), "\(result.output)")
        let refused = try await onOwnThread { Command([pool, "exec", "--affinity", "16", "--", "true"]).run() }
        #expect(refused.status == 69 && refused.output.contains("only 8 hardware threads"), "\(refused.output)")
    }
}
