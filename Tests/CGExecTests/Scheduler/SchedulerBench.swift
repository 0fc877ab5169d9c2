@testable import CGExec

/// A scheduler to try single rules on: tells it events at seconds, and keeps what it decided.
struct SchedulerBench {
    private(set) var scheduler: Scheduler
    /// What the last event brought.
    private(set) var effects: [Effect] = []
    private(set) var now = 0.0

    init(slots: Int = 4, budget: ByteSize? = nil, shares: Bool = false, policy: Policy = Policy()) {
        scheduler = Scheduler(
            .init(
                slots: Array(repeating: Slot(), count: slots), cpus: CPUSet(0..<slots), budget: budget,
                sharesBudget: shares, policy: policy))
    }

    mutating func tell(_ event: Event, at seconds: Double? = nil) {
        now = seconds ?? now
        effects = scheduler.handle(event, at: Instant(nanoseconds: UInt64(now * 1e9)))
    }

    /// Submits job `number` and, where it starts, lets it run.
    mutating func submit(_ number: Int, _ demand: Demand, at seconds: Double? = nil) {
        tell(.submitted(JobID(number), demand), at: seconds)
        run()
    }

    /// Lets everything that was launched run.
    private mutating func run() {
        let all = effects
        for case .launch(let id, _) in all {
            _ = scheduler.handle(.launched(id, started: Instant(nanoseconds: UInt64(now * 1e9))), at: instant)
        }
        effects = all
    }

    private var instant: Instant { Instant(nanoseconds: UInt64(now * 1e9)) }

    /// Ends the latest attempt of a job.
    mutating func end(
        _ job: Int, _ status: AttemptStatus = .exited(0), _ culprit: Outcome.Culprit? = nil, at seconds: Double? = nil,
        _ change: (inout AttemptEnd) -> Void = { _ in }
    ) {
        guard let attempt = scheduler.active.last(where: { $0.id.job == JobID(job) }) else { return effects = [] }
        var end = AttemptEnd(status: status, culprit: culprit)
        change(&end)
        tell(.ended(attempt.id, end), at: seconds)
        run()
    }

    mutating func wake(at seconds: Double) {
        tell(.wake, at: seconds)
        run()
    }

    // MARK: What was decided

    var launched: [Int] { effects.compactMap { if case .launch(let id, _) = $0 { id.job.number } else { nil } } }
    var asked: [Int] { effects.compactMap { if case .terminate(let id) = $0 { id.job.number } else { nil } } }
    var killed: [Int] { effects.compactMap { if case .kill(let id) = $0 { id.job.number } else { nil } } }
    var retried: [Int] { effects.compactMap { if case .retry(let id, _) = $0 { id.job.number } else { nil } } }
    var noted: [Int] { effects.compactMap { if case .note(let id, _) = $0 { id.number } else { nil } } }
    /// Jobs that are done and how.
    var finished: [Int: Outcome] {
        Dictionary(
            effects.compactMap { if case .finish(let id, _, let outcome) = $0 { (id.number, outcome) } else { nil } }
        ) { $1 }
    }
    /// The memory that each launch got.
    var memory: [Int: ByteSize] {
        Dictionary(
            effects.compactMap { effect in
                if case .launch(let id, let grant) = effect { grant.memory.map { (id.job.number, $0) } } else { nil }
            }
        ) { $1 }
    }
    var next: Double? { scheduler.nextDeadline.map { Double($0.nanoseconds) / 1e9 } }
}
