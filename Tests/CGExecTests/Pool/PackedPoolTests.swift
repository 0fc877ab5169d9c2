import Testing

@testable import CGExec

/// Packed mode and memory signals on the simulated kernel.
@Suite struct PackedPoolTests {
    private typealias Program = SimulatedKernel.Program

    /// Twelve jobs that grow to 700 MiB in 3 s, for each of which a third was reserved; four fit.
    private static let jobs = (1...12).map { number in
        var job = Job("grows \(number)", ["p"], limits: Limits(memory: .gib(1)))
        job.limits.need = .mib(256)
        return job
    }

    private static func packed(_ program: @escaping (LaunchPlan) -> Program) -> SimulatedPool {
        SimulatedPool(
            slots: 12, cpus: 12, budget: .gib(3), shares: true, policy: Policy(mode: .packed), program: program)
    }

    @Test func `where too much was promised, some run later beside fewer`() throws {
        let pool = Self.packed { _ in Program(duration: .seconds(3), peakMemory: .mib(700)) }
        var most = ByteSize(0)
        var loads: [(running: Int, at: Instant)] = []
        pool.core.onDecision = { [unowned pool] event, _, now in
            if case .memory(let reading) = event { most = max(most, reading.need) }
            loads.append((pool.core.runningCount, now))
        }
        let records = pool.run(Self.jobs)
        #expect(records.allSatisfy { $0.outcome.kind == .ok })
        #expect(pool.attempts.allSatisfy { $0.outcome.kind == .postponed } && !pool.attempts.isEmpty)
        #expect(Set(pool.attempts.map(\.id)).count == pool.attempts.count, "none was taken back twice")
        let taken = Set(pool.attempts.map(\.id))
        #expect(records.allSatisfy { $0.phase == (taken.contains($0.id) ? 1 : nil) })
        #expect(pool.attempts.allSatisfy { $0.phase == nil })
        #expect(most <= .gib(3), "\(most)")
        #expect(loads.map(\.running).max() == 12)
        // Those that were taken back start when the first ones end: with as many as were seen to fit, at least three.
        let later = loads.filter { $0.at > Instant(nanoseconds: 4_100_000_000) }.map(\.running)
        #expect(later.max() == 3, "\(later)")
        let end = try #require(records.compactMap { SimulatedPool.seconds($0.times.ended) }.max())
        #expect(end <= 1.6 * 9, "\(end) s; four at a time would take 9 s")
    }

    @Test func `what is typical is reserved, but not for one that was taken back`() {
        var bench = SchedulerBench(slots: 4, budget: .gib(2), shares: true, policy: Policy(mode: .packed))
        let demand = Demand(need: .gib(1), category: "c")
        for (job, peak) in [(1, 300), (2, 500), (3, 400)] {
            bench.submit(job, demand)
            bench.end(job) { $0.need = .mib(UInt64(peak)) }
        }
        bench.submit(4, demand)
        // The estimate is 500 MiB and a third; it may grow to the double.
        #expect(bench.scheduler.reserved == .mib(400) && bench.memory[4] == .mib(1334))
        bench.submit(5, demand)
        let attempts = [4, 5].map { MemoryReading.Attempt(id: AttemptID(job: JobID($0), number: 1), need: .gib(1)) }
        bench.wake(at: 10)
        bench.tell(.memory(MemoryReading(need: .gib(2), attempts: attempts)), at: 10)
        #expect(bench.killed == [5])
        bench.end(5, .signaled(9))
        bench.end(4) { $0.need = .mib(400) }
        bench.wake(at: 20)
        #expect(bench.launched == [5])
        // 500 MiB and a quarter.
        #expect(bench.scheduler.reserved == .mib(625) && bench.memory[5] == .mib(1250))
    }

    @Test func `a job that stalls at its limit fails for memory, and with it those that would too`() {
        let limit = ThrashLimit(.full, above: 0.6, for: .seconds(10))
        func job(_ size: Double, _ memory: UInt64, _ category: String = "c", thrash: ThrashLimit? = limit) -> Job {
            var job = Job("j", ["p"], limits: Limits(memory: .mib(memory)))
            (job.category, job.size, job.limits.thrash) = (category, size, thrash)
            return job
        }
        let pool = SimulatedPool { _ in Program(duration: .seconds(60), thrashesAfter: .seconds(10)) }
        let records = pool.run([
            job(1, 64), job(2, 64), job(2, 128, thrash: nil), job(0.5, 64, thrash: nil), job(2, 64, "d", thrash: nil),
        ])
        #expect(records.map(\.outcome.kind) == [.memory, .chained, .ok, .ok, .ok])
        #expect(records[0].outcome.stage == "thrash" && records[0].outcome.culprit == .job)
        #expect(records[0].wallSeconds == 10)
        #expect(records[1].outcome.cause == JobID(1) && records[1].times.started == nil)
    }
}
