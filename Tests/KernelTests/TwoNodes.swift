import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// On a machine of two packages of two cores of two threads, with a memory node to each package: CPUs 0-3 and 4-7.
    @Suite(
        .scratchCgroup,
        .needs(.controller("cpuset"), .controller("memory"), .cpus(8), .nodes(2)))
    struct TwoNodes {
        private func run(_ jobs: [Job], _ mask: AffinityMask, slots: SlotCount = .auto) async throws -> [Record] {
            let base = try ScratchCgroup.current().path
            return try await InProcess.records(
                of: jobs, PoolConfiguration(jobs: slots, affinity: mask), at: base)
        }

        /// What the machine is, so that what follows may be written down literally.
        private static let slots: [(mask: String, slots: Set<String>, ownNode: Bool)] = [
            ("thread", ["0", "1", "2", "3", "4", "5", "6", "7"], true),
            ("core", ["0-1", "2-3", "4-5", "6-7"], true),
            ("l2", ["0-1", "2-3", "4-5", "6-7"], true),
            ("l3", ["0-3", "4-7"], true),
            ("numa", ["0-3", "4-7"], true),
            ("package", ["0-3", "4-7"], true),
            ("2", ["0-1", "2-3", "4-5", "6-7"], true),
            ("4", ["0-3", "4-7"], true),
            ("8", ["0-7"], false),
            ("core,first", ["0", "2", "4", "6"], true),
            ("numa,first", ["0", "4"], true),
            ("core,reserve=1", ["2-3", "4-5", "6-7"], true),
            ("thread,compact", ["0", "1", "2", "3", "4", "5", "6", "7"], true),
        ]

        @Test(arguments: slots.indices) func `each probe sees what its record says, and nobody else is there`(
            _ index: Int
        ) async throws {
            let (mask, slots, ownNode) = Self.slots[index]
            let probe = try Programs.probe("view")
            let jobs = (0..<slots.count * 2).map { Job("view \($0)", probe) }
            let records = try await run(jobs, AffinityMask(parsing: mask))
            #expect(records.allSatisfy { $0.outcome.kind == .ok }, "\(records.map(\.outcome))")
            for record in records {
                let seen = try Report(record)
                let cpus = try #require(record.placement?.cpus?.description)
                let mems = try #require(record.placement?.mems?.description)
                #expect(seen.cpus == cpus && seen.mems == mems, "\(mask): \(record.name)")
                #expect(slots.contains(cpus), "\(mask): \(cpus)")
                #expect(mems == (ownNode ? (record.placement?.cpus?.first ?? 0) < 4 ? "0" : "1" : "0-1"))
            }
            #expect(Set(records.compactMap { $0.placement?.cpus?.description }) == slots, "each slot was used")
            expectNoOverlap(records)
        }

        @Test func `a job's memory is on its node`() async throws {
            // Told by the leaf while the memory is held.
            let script = """
                '\(try Programs.probe())' memory 48M --hold 1s | {
                    read -r report
                    cat /sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/memory.numa_stat
                }
                """
            let jobs = (0..<4).map { Job("hold \($0)", ["sh", "-c", script]) }
            let records = try await run(jobs, .numa)
            #expect(Set(records.compactMap { $0.placement?.mems?.description }) == ["0", "1"])
            for record in records {
                let text = try #require(record.output?.stdout?.text)
                let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("anon ") })
                let bytes = line.split(separator: " ").dropFirst().compactMap {
                    $0.split(separator: "=").last.flatMap { UInt64($0) }
                }
                let node = try #require(record.placement?.mems?.first)
                try #require(bytes.count == 2)
                #expect(bytes[node] >= 48 << 20 && bytes[1 - node] == 0, "\(line) of node \(node)")
            }
        }

        @Test func `single jobs and wide ones share the machine`() async throws {
            func job(_ name: String, _ change: (inout Job) -> Void) -> Job {
                var job = Job(name, ["sleep", "0.5"])
                change(&job)
                return job
            }
            var jobs: [Job] = []
            for round in 0..<3 {
                jobs.append(job("three \(round)") { $0.limits.cpus = 3 })
                jobs.append(job("core \(round)") { _ in })
                jobs.append(job("node \(round)") { $0.affinity = .numa })
                jobs.append(
                    job("alone \(round)") {
                        $0.limits.cpus = 1
                        $0.isMeasured = true
                    })
            }
            let records = try await run(jobs, .core)
            #expect(records.allSatisfy { $0.outcome.kind == .ok }, "\(records.map(\.outcome))")
            for record in records {
                let cpus = try #require(record.placement?.cpus)
                let nodes = Set(cpus.members.map { $0 / 4 })
                #expect(nodes.count == 1, "\(record.name) on \(cpus)")
                switch record.name.prefix(4) {
                case "thre": #expect(cpus.count == 3)
                case "node": #expect(cpus.count == 4 && record.placement?.piece == "numa:\(nodes.first ?? 9)")
                case "alon": #expect(cpus.count == 1 && record.placement?.idle?.count == 1)
                default: #expect(cpus.count == 2)
                }
            }
            expectNoOverlap(records)
        }

        @Test func `more memory than a node has is refused`() async throws {
            var job = Job("large", ["true"])
            job.limits.memory = .gib(2)
            let error = await #expect(throws: HostUnfit.self) { try await run([job], .core) }
            let reason = try #require(error?.reasons.first)
            #expect(
                reason.what == "memory 2 GiB" && reason.cause.contains("the memory nodes of any slot give at most"))
            // On both nodes there is room.
            #expect(try await run([job], AffinityMask(.step(8))).map(\.outcome.kind) == [.ok])
        }

        @Test func `a node without memory and CPUs that are not there are refused`() async throws {
            var job = Job("where", ["true"])
            job.limits.mems = CPUSet([5])
            let records = try await run([job], .none)
            #expect(records[0].outcome.kind == .launchError, "\(records[0].outcome)")
            let error = await #expect(throws: HostUnfit.self) {
                try await run([Job("x", ["true"])], AffinityMask(.step(16)))
            }
            #expect(error?.reasons.first?.cause == "only 8 hardware threads may be used")
        }

        @Test func `the pool keeps off its jobs' CPUs, and those without a slot may use all`() async throws {
            let base = try ScratchCgroup.current().path
            let probe = try Programs.probe("view")
            var free = Job("free", probe)
            free.ignoresAffinity = true
            let jobs = [Job("slot", probe), free]
            try await onOwnThread { [jobs] in
                let reactor = try Reactor()
                let configuration = PoolConfiguration(jobs: .count(2), affinity: AffinityMask(.core, reserve: 1))
                let setup = try PoolSetup(
                    configuration, for: .init(jobs: jobs, plansMemory: false), at: .find(requested: base),
                    reactor: reactor)
                let pool = PoolRun(setup, reactor: reactor)
                var records: [Record] = []
                pool.onRecord = { records.append($0) }
                for job in jobs { _ = pool.submit(job) }
                // Cores are taken by turns from each node.
                #expect(Host.allowedCPUs() == CPUSet([0, 1, 6, 7]))
                try pool.run()
                pool.close()
                #expect(Host.allowedCPUs() == CPUSet(0...7))
                let seen = try records.sorted { $0.id < $1.id }.map { try Report($0).cpus }
                #expect(seen == ["2-3", "0-7"])
            }
        }

        @Test func `a CPU that goes away makes the record perturbed`() async throws {
            let mailbox = try Mailbox()
            let probe = try Programs.probe()
            let job = Job("runner", ["sh", "-c", "echo up > '\(mailbox.path)'; exec '\(probe)' spin --wall 2s"])
            let base = try ScratchCgroup.current().path
            let configuration = PoolConfiguration(jobs: .count(1), affinity: AffinityMask(.core, reserve: 3))
            async let ended = InProcess.record(of: job, configuration, at: base)
            _ = try await mailbox.line()
            let file = "/sys/devices/system/cpu/cpu7/online"
            try #require(CgroupTree.write("0", to: file) == 0)
            defer { _ = CgroupTree.write("1", to: file) }
            let record = try await ended
            #expect(record.outcome.kind == .ok && record.placement?.cpus == CPUSet([6, 7]), "\(record)")
            #expect(record.validity?.verdict == .perturbed)
            let reasons = record.validity?.reasons ?? []
            #expect(reasons.first == "its CPUs were 6-7 at first and 6 at the end", "\(reasons)")
            #expect(reasons.contains("CPU 7 was taken offline while it ran"), "\(reasons)")
        }
    }
}

/// No CPU belongs to two attempts at one time, those that idle for one of them included.
private func expectNoOverlap(_ records: [Record]) {
    let spans = records.compactMap { record -> (name: String, cpus: CPUSet, from: Timestamp, to: Timestamp)? in
        guard let cpus = record.placement?.cpus, let from = record.times.started, let to = record.times.ended else {
            return nil
        }
        return (record.name, cpus.union(record.placement?.idle ?? CPUSet()), from, to)
    }
    #expect(spans.count == records.count)
    for (index, one) in spans.enumerated() {
        for other in spans[(index + 1)...] {
            let isTogether =
                one.from < other.to && other.from < one.to
            #expect(!isTogether || one.cpus.isDisjoint(with: other.cpus), "\(one) and \(other)")
        }
    }
}
