@testable import CGExec

/// The scheduler, with a mistake planted from outside where there is one: to see that the rules find it.
struct FaultyScheduler {
    /// The scheduler as it is, except for what the mistake does to it.
    private var inner: Scheduler
    private let bug: Bug?

    enum Bug: String, CaseIterable, Sendable {
        /// The memory of an attempt that ended is not given back.
        case leaksMemory
        /// The memory of a start is not taken.
        case forgetsMemory
        /// What comes after others does not wait.
        case ignoresDependencies
        /// A chain takes everything for heavy.
        case chainsLighter
        /// A chain names no cause.
        case chainsWithoutCause
        /// Groups never finish.
        case forgetsGroups
        /// An attempt that was asked is never killed.
        case forgetsKill
        /// A job that runs alone is given company.
        case ignoresSolo
        /// An estimate that was too low is not raised.
        case neverRaises
        /// A pool that ends goes on starting.
        case startsAfterEnd
        /// The oldest is taken back too.
        case postponesOldest
        /// The kernel is not told whom to spare.
        case sparesNobody
        /// A job is called done twice.
        case finishesTwice
        /// What is to wait until its program is known does not.
        case ignoresPrograms
        /// Nobody is told when to wake it.
        case sleeps
    }

    init(_ configuration: Scheduler.Configuration, planting bug: Bug? = nil) {
        inner = Scheduler(configuration)
        self.bug = bug
    }

    var isIdle: Bool { inner.isIdle }
    var runningCount: Int { inner.runningCount }
    var waitingCount: Int { inner.waitingCount }
    var nextDeadline: Instant? { bug == .sleeps ? nil : inner.nextDeadline }

    mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
        let before = inner.active
        if bug == .postponesOldest, case .memory = event, !inner.active.isEmpty {
            inner.active.append(inner.active.removeFirst())
        }
        var effects = inner.handle(garbled(event), at: now)
        switch bug {
        case .leaksMemory:
            for attempt in before where !inner.active.contains(where: { $0.id == attempt.id }) {
                inner.ledger.change(attempt.grant, of: attempt.demand, from: nil, to: attempt.held)
            }
        case .forgetsMemory:
            for index in inner.active.indices {
                let attempt = inner.active[index]
                inner.ledger.change(attempt.grant, of: attempt.demand, from: attempt.held, to: nil)
                inner.active[index].held = nil
            }
        case .forgetsKill:
            for index in inner.active.indices { inner.active[index].killAt = nil }
        case .neverRaises:
            for id in inner.jobs.ids { inner.jobs[id]?.raised = nil }
        case .startsAfterEnd: inner.refusal = nil
        case .chainsWithoutCause:
            effects = effects.map { effect in
                guard case .finish(let id, let attempt, var outcome) = effect else { return effect }
                outcome.cause = nil
                return .finish(id, attempt, outcome)
            }
        case .forgetsGroups:
            effects.removeAll { if case .groupFinished = $0 { true } else { false } }
        case .sparesNobody:
            effects.removeAll { if case .spare = $0 { true } else { false } }
        case .finishesTwice:
            effects += effects.filter { if case .finish = $0 { true } else { false } }
        default: break
        }
        return effects
    }

    private func garbled(_ event: Event) -> Event {
        guard case .submitted(let id, var demand) = event else { return event }
        switch bug {
        case .ignoresDependencies: demand.dependencies = []
        case .chainsLighter: demand.size = demand.size > 0 ? 4 : 0
        case .ignoresPrograms: demand.awaitsProgram = false
        case .ignoresSolo: demand.isSolo = false
        default: break
        }
        return .submitted(id, demand)
    }
}
