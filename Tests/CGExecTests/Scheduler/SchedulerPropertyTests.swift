import Support
import Testing

@testable import CGExec

@Suite struct SchedulerPropertyTests {
    /// 5,000 schedules here; a million by `make test-long`.
    private static let parts: UInt64 = 4
    private static let perPart = Soak.count(1_250, long: 250_000)

    /// Run again with CGEXEC_TESTS_SEED=N what failed with seed N.
    @Test(arguments: 0..<parts)
    func `random events never break a rule`(_ part: UInt64) {
        let first = SeededGenerator.newSeed() &+ part &* 1_000_000_000
        var events = 0
        for seed in first..<first + UInt64(Self.perPart) {
            var trial = SchedulerTrial(seed: seed)
            do {
                try trial.run(events: 60)
            } catch {
                Issue.record("CGEXEC_TESTS_SEED=\(seed): \(error)")
                return
            }
            events += trial.eventCount
        }
        #expect(events > 60 * Self.perPart)
    }

    /// Rules that nothing could break would be none.
    @Test(arguments: FaultyScheduler.Bug.allCases)
    func `a planted bug is found`(_ bug: FaultyScheduler.Bug) {
        for seed in UInt64(1)...500 {
            var trial = SchedulerTrial(seed: seed, planting: bug)
            do {
                try trial.run(events: 60)
            } catch {
                return
            }
        }
        Issue.record("500 schedules do not show it")
    }

    @Test func `the model can object`() throws {
        let configuration = Scheduler.Configuration(slots: [Slot()], cpus: CPUSet([0]), budget: ByteSize(10))
        let (first, second) = (AttemptID(job: JobID(1), number: 1), AttemptID(job: JobID(2), number: 1))
        let demand = Demand(memory: ByteSize(6), timeout: .seconds(1))
        let grant = Grant(slot: 0, memory: ByteSize(6))
        let now = Instant(nanoseconds: 5)
        let submission = Event.submitted(first.job, demand)
        let lies: [[Effect]] = [
            [], [.launch(second, grant)], [.launch(first, Grant(slot: 1, memory: ByteSize(6)))],
            [.launch(first, Grant(slot: 0, memory: ByteSize(7)))],
            [.launch(first, grant), .launch(first, grant)], [.launch(first, grant), .measureCPU(first)],
            [.launch(first, Grant(slot: 0, cpus: CPUSet([0]), memory: ByteSize(6)))],
            [.launch(first, grant), .finish(first.job, first, Outcome(.ok))],
        ]
        var scheduler = FaultyScheduler(configuration)
        #expect(scheduler.handle(submission, at: now) == [.launch(first, grant)])
        for lie in lies {
            var model = SchedulerModel(configuration)
            #expect(throws: SchedulerModel.Violation.self) { try model.follow(submission, at: now, lie, scheduler) }
        }
        var model = SchedulerModel(configuration)
        try model.follow(submission, at: now, [.launch(first, grant)], scheduler)
        // The deadline comes and nothing happens.
        #expect(throws: SchedulerModel.Violation.self) {
            try model.follow(.wake, at: now.advanced(by: .seconds(2)), [], scheduler)
        }
    }
}
