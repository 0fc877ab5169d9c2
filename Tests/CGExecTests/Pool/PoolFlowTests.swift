import Support
import Testing

@testable import CGExec

/// Many jobs, cancellations, and calls from within callbacks, on the simulated kernel.
@Suite struct PoolFlowTests {
    private typealias Program = SimulatedKernel.Program

    private static func job(_ name: String = "j", _ change: (inout Limits) -> Void = { _ in }) -> Job {
        var job = Job(name, ["p"])
        change(&job.limits)
        return job
    }

    @Test func `cancelling all ends what runs, in its grace, and starts nothing`() {
        let pool = SimulatedPool(slots: 2) { _ in Program(duration: .seconds(60), endsAfterTerm: .seconds(1)) }
        for _ in 0..<5 { _ = pool.core.submit(Self.job()) }
        pool.run(untilStarted: 2)
        pool.core.close()
        #expect(pool.records.count == 3 && pool.core.runningCount == 2 && pool.core.waitingCount == 0)
        _ = pool.core.submit(Self.job("late"))
        pool.kernel.run()
        #expect(pool.records.count == 6 && pool.records.allSatisfy { $0.outcome.kind == .cancelled })
        #expect(pool.kernel.launches.count == 2)
        #expect(pool.records.compactMap(\.wallSeconds).count == 2)
    }

    @Test func `of jobs that are submitted together the highest priority is first`() {
        let pool = SimulatedPool { _ in Program(duration: .seconds(1)) }
        pool.core.together {
            for priority in [0, 7, 3] {
                var job = Self.job("\(priority)")
                job.priority = priority
                _ = pool.core.submit(job)
            }
            #expect(pool.starts.isEmpty)
        }
        pool.kernel.run()
        #expect(pool.starts.map(\.job.name) == ["7", "3", "0"])
    }

    @Test func `killing all gives no grace`() {
        let pool = SimulatedPool(slots: 2) { _ in Program(duration: .seconds(60), endsAfterTerm: nil) }
        for _ in 0..<2 { _ = pool.core.submit(Self.job { $0.grace = .seconds(30) }) }
        pool.run(untilStarted: 2)
        pool.core.cancelAll()
        pool.core.killAll()
        pool.kernel.run()
        #expect(
            pool.records.allSatisfy {
                $0.outcome == Outcome(.cancelled, signal: 9, message: "it was cancelled while it ran")
            })
        #expect(pool.records.count == 2 && pool.records.allSatisfy { $0.wallSeconds ?? 99 < 1 })
    }

    @Test func `a job can be cancelled from the record of another, before its launch`() throws {
        let pool = SimulatedPool { _ in Program(duration: .seconds(60)) }
        pool.onRecord = { [unowned pool] record in
            if record.id == JobID(1) { pool.core.cancel(JobID(2)) }
        }
        let records = pool.run([Self.job(), Self.job(), Self.job()])
        #expect(records.map(\.outcome.kind) == [.ok, .cancelled, .ok])
        #expect(try #require(records[1].wallSeconds) == 0)
        #expect(records.map { SimulatedPool.seconds($0.times.admitted) } == [0, 60, 60])
    }

    @Test func `each record may bring the next job`() {
        let pool = SimulatedPool { _ in Program(duration: .seconds(1)) }
        pool.onRecord = { [unowned pool] record in
            if record.id.number < 50 { _ = pool.core.submit(Self.job("\(record.id)")) }
        }
        let records = pool.run([Self.job()])
        #expect(records.map(\.id.number) == Array(1...50))
        #expect(SimulatedPool.seconds(records.last?.times.ended) == 50)
    }

    @Test func `memory and slots fill up, and no further`() {
        let pool = SimulatedPool(slots: 8, budget: .gib(10)) { _ in Program(duration: .seconds(1)) }
        let records = pool.run((0..<20).map { _ in Self.job { $0.memory = .gib(3) } })
        let starts = records.compactMap { SimulatedPool.seconds($0.times.started) }
        #expect(starts == (0..<20).map { Double($0 / 3) })
        #expect(pool.core.isIdle)
    }

    /// Jobs with everything that can happen to them, by their number.
    private static func crowd(_ count: Int, seed: UInt64) -> SimulatedPool {
        var random = SeededGenerator(seed: seed)
        let programs = (0..<997).map { _ in
            Program(
                duration: .milliseconds(.random(in: 1...20_000, using: &random)),
                peakMemory: .mib(.random(in: 0...800, using: &random)),
                parallelism: Double.random(in: 0...4, using: &random),
                status: [.exited(0), .exited(0), .exited(1), .signaled(11)].randomElement(using: &random) ?? .lost,
                endsAfterTerm: Bool.random(using: &random) ? .milliseconds(5) : nil)
        }
        let pool = SimulatedPool(slots: 16, cpus: 16, budget: .gib(4)) { programs[$0.attempt.job.number % 997] }
        for _ in 0..<count {
            _ = pool.core.submit(
                job {
                    $0.memory = .mib(.random(in: 1...1024, using: &random))
                    if Bool.random(using: &random) { $0.timeout = .seconds(.random(in: 1...15, using: &random)) }
                    if Bool.random(using: &random) { $0.cpuTimeout = .seconds(.random(in: 1...15, using: &random)) }
                    if Bool.random(using: &random) { $0.cpus = .random(in: 1...4, using: &random) }
                })
        }
        pool.kernel.run()
        return pool
    }

    @Test func `5,000 jobs, twice the same`() throws {
        let seed = SeededGenerator.newSeed()
        let (one, other) = (Self.crowd(5_000, seed: seed), Self.crowd(5_000, seed: seed))
        try #require(one.records.count == 5_000 && one.core.isIdle, "CGEXEC_TESTS_SEED=\(seed)")
        #expect(Set(one.records.map(\.id)).count == 5_000)
        #expect(one.kernel.launches.count == 5_000)
        try #require(one.records == other.records, "CGEXEC_TESTS_SEED=\(seed)")
        let kinds = Set(one.records.map(\.outcome.kind))
        #expect(kinds == [.ok, .exit, .signal, .memory, .timeout, .cpuTimeout], "CGEXEC_TESTS_SEED=\(seed)")
    }

    @Test(.timeLimit(.minutes(1))) func `30,000 jobs take seconds`() {
        let pool = SimulatedPool(slots: 10, cpus: 10) { _ in Program(duration: .seconds(1)) }
        for _ in 0..<30_000 { _ = pool.core.submit(Self.job()) }
        pool.kernel.run()
        #expect(pool.records.count == 30_000)
        #expect(SimulatedPool.seconds(pool.records.last?.times.ended) == 3_000)
    }
}
