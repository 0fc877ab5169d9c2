import Support

@testable import CGExec

/// A whole pool on the real kernel, as the command line has it, and everything that it decided. It belongs to one thread.
final class ObservedPool {
    /// One look of the scheduler at an event.
    struct Decision {
        var event: Event
        var effects: [Effect]
        var instant: Instant
        /// How many attempts are under way then.
        var running: Int

        /// Whether an attempt ended.
        var isEnd: Bool { if case .ended = event { true } else { false } }
        /// Whether the pool was told of pressure.
        var isPressure: Bool { if case .pressure = event { true } else { false } }
    }

    let core: PoolCore
    private let reactor: Reactor
    private let setup: PoolSetup
    /// The pool's cgroup.
    let cgroup: String
    private(set) var records: [Record] = []
    /// Of the attempts that others followed.
    private(set) var attempts: [Record] = []
    private(set) var decisions: [Decision] = []
    /// Called for each of them, when it has been noted.
    var onDecision: (Decision) -> Void = { _ in }
    var onRecord: (Record) -> Void = { _ in }

    init(_ configuration: PoolConfiguration, for jobs: [Job], at base: String) throws {
        reactor = try Reactor()
        let purpose = PoolSetup.Purpose(jobs: jobs, plansMemory: false)
        setup = try PoolSetup(configuration, for: purpose, at: .find(requested: base), reactor: reactor)
        cgroup = base + "/" + setup.kernel.place.name
        var surroundings = PoolCore.Surroundings(epoch: (civilNow(), monotonicNow()))
        surroundings.environment = Host.rawEnvironment()
        core = PoolCore(kernel: setup.kernel, setup.scheduler, surroundings, machine: setup.machine)
        core.onDecision = { [unowned self] event, effects, instant in
            let decision = Decision(event: event, effects: effects, instant: instant, running: core.runningCount)
            decisions.append(decision)
            onDecision(decision)
        }
        core.onAttempt = { [unowned self] in attempts.append($0) }
        core.onRecord = { [unowned self] record in
            records.append(record)
            onRecord(record)
        }
    }

    /// How many jobs were submitted.
    private(set) var submitted = 0

    func submit(_ job: Job) {
        submitted += 1
        _ = core.submit(job)
    }

    /// Runs the jobs, and what is submitted meanwhile, to their end; the records in the order of submission.
    func run(_ jobs: [Job]) -> [Record] {
        for job in jobs { submit(job) }
        reactor.run { core.isIdle }
        setup.kernel.close()
        setup.kernel.place.close()
        return records.sorted { $0.id < $1.id }
    }

    /// From the first job's submission to the last end, in seconds.
    var makespan: Double {
        guard let first = decisions.first, let last = decisions.last(where: \.isEnd) else { return 0 }
        return last.instant.since(first.instant).seconds
    }
}
