import Support

@testable import CGExec

/// A scheduler and its model under random events, told by a kernel that is slow, repeats itself and tells of attempts
/// that are long over, but ends every program at last.
struct SchedulerTrial {
    private var random: SeededGenerator
    private let configuration: Scheduler.Configuration
    private var scheduler: Scheduler
    private var model: SchedulerModel
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var lastID = 0
    private var history: [(event: Event, at: Instant, effects: [Effect])] = []

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        configuration = Self.configuration(&random)
        scheduler = Scheduler(configuration)
        model = SchedulerModel(configuration)
    }

    var eventCount: Int { history.count }

    /// Runs `count` random events, then lets everything end.
    mutating func run(events count: Int) throws {
        for _ in 0..<count { try tell(randomEvent()) }
        var steps = 0
        while !scheduler.isIdle {
            steps += 1
            guard steps < 10_000 else { throw SchedulerModel.Violation(description: "the backlog stays") }
            try tell(endingEvent())
        }
        guard model.finished == model.submitted else {
            throw SchedulerModel.Violation(description: "not every job has finished")
        }
        try replay()
    }

    private mutating func tell(_ event: Event) throws {
        let effects = scheduler.handle(event, at: now)
        history.append((event, now, effects))
        do {
            try model.follow(event, at: now, effects, scheduler)
        } catch let violation as SchedulerModel.Violation {
            throw SchedulerModel.Violation(description: "event \(history.count), \(event): \(violation)")
        }
    }

    /// Equal events must give equal effects.
    private func replay() throws {
        var other = Scheduler(configuration)
        for (index, step) in history.enumerated() where other.handle(step.event, at: step.at) != step.effects {
            throw SchedulerModel.Violation(description: "event \(index + 1) has other effects when told again")
        }
    }

    // MARK: Events

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func randomEvent() -> Event {
        if chance(50) { now = now.advanced(by: .milliseconds(.random(in: 0...3_000, using: &random))) }
        switch Int.random(in: 0..<1000, using: &random) {
        case ..<300: return submission()
        case ..<450:
            if chance(50), let next = scheduler.nextDeadline { now = max(now, next) }
            return .wake
        case ..<500: return .cancel(JobID(.random(in: 0...lastID + 1, using: &random)))
        case ..<503: return .cancelAll
        case ..<505: return .killAll
        default: return news(of: anyAttempt())
        }
    }

    private mutating func submission() -> Event {
        lastID += 1
        return .submitted(JobID(lastID), demand())
    }

    /// Mostly one that runs.
    private mutating func anyAttempt() -> AttemptID {
        if chance(90), let run = model.running.randomElement(using: &random) { return run.id }
        return AttemptID(job: JobID(.random(in: 0...lastID + 1, using: &random)), number: chance(90) ? 1 : 2)
    }

    private mutating func news(of id: AttemptID) -> Event {
        switch Int.random(in: 0..<10, using: &random) {
        case ..<4: return .launched(id, started: now)
        case ..<6: return .cpuUsed(id, .milliseconds(.random(in: 0...20_000, using: &random)))
        case ..<7: return chance(50) ? .outputExceeded(id) : .pidsExceeded(id)
        default: return end(of: id)
        }
    }

    private mutating func end(of id: AttemptID) -> Event {
        let failure = AttemptStatus.failed(LaunchFailure(stage: "exec", errno: 2, message: "not found"))
        let statuses: [AttemptStatus] = [.exited(0), .exited(1), .signaled(9), .signaled(15), .lost, failure]
        let status = statuses.randomElement(using: &random) ?? .lost
        return .ended(id, status, culprit: chance(20) ? .job : nil)
    }

    /// Brings the end nearer: a program ends, or time passes.
    private mutating func endingEvent() -> Event {
        if let next = scheduler.nextDeadline, chance(30) {
            now = max(now, next)
            return .wake
        }
        guard let run = model.running.randomElement(using: &random) else { return .wake }
        return run.isLaunched || chance(20) ? end(of: run.id) : .launched(run.id, started: now)
    }

    // MARK: Values

    private static func configuration(_ random: inout SeededGenerator) -> Scheduler.Configuration {
        let cpus = Int.random(in: 1...8, using: &random)
        var slots = Array(repeating: Slot(), count: .random(in: 1...6, using: &random))
        if Bool.random(using: &random) {
            let width = Int.random(in: 1...max(1, cpus / 2), using: &random)
            slots = stride(from: 0, to: cpus, by: width).map {
                Slot(cpus: CPUSet($0..<min(cpus, $0 + width)), mems: CPUSet([$0]))
            }
        }
        let budget = Bool.random(using: &random) ? ByteSize(.random(in: 10...1_000, using: &random)) : nil
        return Scheduler.Configuration(
            slots: slots, cpus: CPUSet(0..<cpus), budget: budget,
            sharesBudget: budget != nil && Bool.random(using: &random))
    }

    private mutating func demand() -> Demand {
        var demand = Demand()
        let most = configuration.budget?.bytes ?? 1_000
        if chance(50) { demand.memory = ByteSize(.random(in: 1...most, using: &random)) }
        if chance(30) { demand.need = ByteSize(.random(in: 1...(demand.memory?.bytes ?? most), using: &random)) }
        if chance(30) { demand.cpus = .random(in: 1...configuration.cpus.count, using: &random) }
        if chance(10) { demand.cpuset = CPUSet([configuration.cpus.members.randomElement(using: &random) ?? 0]) }
        if chance(20) { demand.cpuQuota = [0.01, 0.5, 1, 30].randomElement(using: &random) }
        if chance(50) { demand.timeout = .milliseconds(.random(in: 1...30_000, using: &random)) }
        if chance(40) { demand.cpuTimeout = .milliseconds(.random(in: 1...30_000, using: &random)) }
        demand.grace = [.zero, .milliseconds(1), .seconds(2), .seconds(10)].randomElement(using: &random) ?? .zero
        demand.endsAtPids = chance(50)
        return demand
    }
}
