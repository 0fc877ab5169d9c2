import Support
import Testing

@testable import CGExec

@Suite struct SchedulerPropertyTests {
    /// Run again with CGEXEC_TESTS_SEED=N what failed with seed N.
    @Test(arguments: 0..<2)
    func `random events, compared with a plain model`(_ part: UInt64) {
        let seed = SeededGenerator.newSeed() &+ part &* 1_000_000_000
        var events = 0
        for seed in seed..<seed + 1_025 {
            var trial = SchedulerTrial(seed: seed)
            do {
                try trial.run(events: 60)
            } catch {
                Issue.record("CGEXEC_TESTS_SEED=\(seed): \(error)")
                return
            }
            events += trial.eventCount
        }
        #expect(events > 60 * 1_025)
    }

    /// A model that accepted everything would find nothing.
    @Test func `the model can object`() throws {
        let configuration = Scheduler.Configuration(slots: [Slot()], cpus: CPUSet([0]), budget: ByteSize(10))
        let (first, second) = (AttemptID(job: JobID(1), number: 1), AttemptID(job: JobID(2), number: 1))
        let demand = Demand(memory: ByteSize(6), timeout: .seconds(1))
        let grant = Grant(slot: 0, memory: ByteSize(6))
        let now = Instant(nanoseconds: 5)
        let submission = Event.submitted(first.job, demand)
        let lies: [[Effect]] = [
            [], [.launch(second, grant)], [.launch(first, Grant(slot: 1, memory: ByteSize(6)))],
            [.launch(first, Grant(slot: 0, memory: ByteSize(7)))], [.launch(first, grant), .kill(first)],
            [.launch(first, grant), .launch(first, grant)], [.launch(first, grant), .measureCPU(first)],
            [.launch(first, Grant(slot: 0, cpus: CPUSet([0]), memory: ByteSize(6)))],
            [.launch(first, grant), .finish(first.job, first, Outcome(.ok))],
        ]
        var scheduler = Scheduler(configuration)
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
