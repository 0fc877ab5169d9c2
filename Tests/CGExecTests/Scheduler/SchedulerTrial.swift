import Support

@testable import CGExec

/// A scheduler and its model under random events, told by a kernel that is slow, repeats itself and tells of attempts
/// that are long over, but ends every program at last.
struct SchedulerTrial {
    private var random: SeededGenerator
    private let configuration: Scheduler.Configuration
    private let bug: FaultyScheduler.Bug?
    private var scheduler: FaultyScheduler
    private var model: SchedulerModel
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var lastID = 0
    private var openGroups: [JobGroupID] = []
    private var lastGroup = 0
    private var history: [(event: Event, at: Instant, effects: [Effect])] = []

    private static let categories = ["a", "b", nil]

    init(seed: UInt64, planting bug: FaultyScheduler.Bug? = nil) {
        random = SeededGenerator(seed: seed)
        configuration = Self.configuration(&random)
        self.bug = bug
        scheduler = FaultyScheduler(configuration, planting: bug)
        model = SchedulerModel(configuration)
    }

    var eventCount: Int { history.count }

    /// Runs `count` random events, then lets everything end.
    mutating func run(events count: Int) throws {
        for _ in 0..<count { try tell(randomEvent()) }
        while let group = openGroups.first { try tell(seal(group)) }
        var steps = 0
        while !scheduler.isIdle {
            steps += 1
            guard steps < 20_000 else { throw SchedulerModel.Violation(description: "the backlog stays") }
            try tell(endingEvent())
        }
        guard model.jobs.values.allSatisfy(\.isDone) else {
            throw SchedulerModel.Violation(description: "not every job has finished")
        }
        guard model.groups.values.allSatisfy(\.isFinished) else {
            throw SchedulerModel.Violation(description: "not every group has finished")
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
        var other = FaultyScheduler(configuration, planting: bug)
        for (index, step) in history.enumerated() where other.handle(step.event, at: step.at) != step.effects {
            throw SchedulerModel.Violation(description: "event \(index + 1) has other effects when told again")
        }
    }

    // MARK: Events

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func randomEvent() -> Event {
        if chance(50) { now = now.advanced(by: .milliseconds(.random(in: 0...3_000, using: &random))) }
        if let answer = answer(), chance(70) { return answer }
        switch Int.random(in: 0..<1000, using: &random) {
        case ..<300: return submission()
        case ..<400:
            if chance(50), let next = scheduler.nextDeadline { now = max(now, next) }
            return .wake
        case ..<430: return .cancel(JobID(.random(in: 0...lastID + 1, using: &random)))
        case ..<433: return .cancelAll
        case ..<437:
            // Which seals all groups: nothing is added to these any more.
            openGroups = []
            return chance(50) ? .close : .killAll
        case ..<470: return opening()
        case ..<490:
            guard let group = openGroups.randomElement(using: &random) else { return .pressure }
            return seal(group)
        case ..<495: return .cancelGroup(JobGroupID(.random(in: 0...lastGroup + 1, using: &random)))
        case ..<498: return chance(50) ? .pressure : .poolAtLimit
        // Once more, too late, or of nobody.
        case ..<500: return .identified(JobID(.random(in: 0...lastID + 1, using: &random)), program())
        default: return news(of: anyAttempt())
        }
    }

    /// What the scheduler has asked for.
    private mutating func answer() -> Event? {
        if model.isLeftBehindAsked {
            return .leftBehind(ByteSize(chance(70) ? 0 : .random(in: 0...200, using: &random)))
        }
        if let id = model.unidentified.first, chance(50) { return .identified(id, program()) }
        guard model.isMemoryAsked else { return nil }
        let budget = configuration.budget?.bytes ?? 1
        let attempts = model.running.map { run in
            MemoryReading.Attempt(id: run.id, need: ByteSize(.random(in: 0...budget / 2, using: &random)))
        }
        return .memory(MemoryReading(need: ByteSize(.random(in: 0...budget, using: &random)), attempts: attempts))
    }

    private mutating func program() -> ProgramVersion? {
        ["1", "2", nil].randomElement(using: &random)?.map { ProgramVersion(path: "p", digest: $0) }
    }

    private mutating func opening() -> Event {
        lastGroup += 1
        let id = JobGroupID(lastGroup)
        let plan = GroupPlan(
            parent: chance(50) ? openGroups.randomElement(using: &random) : nil,
            timeout: chance(30) ? .seconds(.random(in: 1...20, using: &random)) : nil)
        openGroups.append(id)
        return .opened(id, plan)
    }

    /// With everything in it.
    private mutating func seal(_ group: JobGroupID) -> Event {
        openGroups.removeAll { model.lineage($0).contains(group) }
        return .sealed(group)
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
        case ..<7:
            return [.outputExceeded(id), .pidsExceeded(id), .thrashed(id)].randomElement(using: &random) ?? .wake
        default: return end(of: id)
        }
    }

    private mutating func end(of id: AttemptID) -> Event {
        let failure = AttemptStatus.failed(LaunchFailure(stage: "exec", errno: 2, message: "not found"))
        let statuses: [AttemptStatus] = [
            .exited(0), .exited(0), .exited(1), .signaled(9), .signaled(9), .signaled(15), .lost, failure,
        ]
        var end = AttemptEnd(status: statuses.randomElement(using: &random) ?? .lost)
        if chance(40), let run = model.running.first(where: { $0.id == id }), run.grant.memory != nil {
            end.culprit = chance(80) ? .job : [.pool, .ancestor, .host].randomElement(using: &random)
        }
        if chance(50) { end.need = ByteSize(.random(in: 0...500, using: &random)) }
        if chance(5), configuration.budget != nil { end.leftBehind = ByteSize(.random(in: 1...50, using: &random)) }
        return .ended(id, end)
    }

    /// Brings the end nearer: a program ends, or time passes.
    private mutating func endingEvent() -> Event {
        if let answer = answer(), chance(50) { return answer }
        if let next = scheduler.nextDeadline, chance(30) || model.running.isEmpty {
            now = max(now, next)
            return .wake
        }
        guard let run = model.running.randomElement(using: &random) else {
            return model.unidentified.first.map { .identified($0, nil) } ?? answer() ?? .wake
        }
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
        let budget = Int.random(in: 0..<3, using: &random) > 0 ? ByteSize(.random(in: 50...1_000, using: &random)) : nil
        var policy = Policy()
        if Bool.random(using: &random) { policy.mode = .packed }
        policy.chains = Chains.allCases.randomElement(using: &random) ?? .on
        if Int.random(in: 0..<4, using: &random) == 0 {
            policy.halt = Halt(
                Bool.random(using: &random) ? .now : .soon,
                after: Bool.random(using: &random) ? .failures(.random(in: 1...20, using: &random)) : .fraction(0.7))
        }
        policy.learnsMemory = Bool.random(using: &random)
        return Scheduler.Configuration(
            slots: slots, cpus: CPUSet(0..<cpus), budget: budget,
            sharesBudget: budget != nil && Int.random(in: 0..<3, using: &random) > 0, policy: policy)
    }

    private mutating func demand() -> Demand {
        var demand = Demand()
        let most = configuration.budget?.bytes ?? 1_000
        if chance(40) { demand.memory = ByteSize(.random(in: 1...most, using: &random)) }
        if chance(30) { demand.need = ByteSize(.random(in: 1...(demand.memory?.bytes ?? most), using: &random)) }
        if chance(30) { demand.cpus = .random(in: 1...configuration.cpus.count, using: &random) }
        if chance(10) { demand.cpuset = CPUSet([configuration.cpus.members.randomElement(using: &random) ?? 0]) }
        if chance(20) { demand.cpuQuota = [0.01, 0.5, 1, 30].randomElement(using: &random) }
        if chance(50) { demand.timeout = .milliseconds(.random(in: 1...30_000, using: &random)) }
        if chance(30) { demand.cpuTimeout = .milliseconds(.random(in: 1...30_000, using: &random)) }
        demand.grace = [.zero, .milliseconds(1), .seconds(2), .seconds(10)].randomElement(using: &random) ?? .zero
        demand.endsAtPids = chance(50)
        demand.category = Self.categories.randomElement(using: &random) ?? nil
        demand.awaitsProgram = demand.category != nil && chance(30)
        demand.size = [0, 1, 2, 4].randomElement(using: &random) ?? 0
        demand.slowdown = [0.5, 1, 1, 3].randomElement(using: &random) ?? 1
        demand.priority = chance(80) ? 0 : .random(in: -2...2, using: &random)
        if chance(30) { demand.group = openGroups.randomElement(using: &random) }
        if chance(15) { demand.dependencies = dependencies(of: demand) }
        demand.restartsOnTimeout = chance(10)
        if chance(20) {
            let rules: [Retry.Rule] = [.failure, .memory, .timeout, .code(1), .signal(15)]
            demand.retry = Retry(
                .random(in: 0...3, using: &random), on: Array(rules.shuffled(using: &random).prefix(2)),
                backOff: .milliseconds(.random(in: 0...2_000, using: &random)))
        }
        demand.hasFallback = chance(10)
        if chance(5) { demand.startDelay = .milliseconds(.random(in: 1...3_000, using: &random)) }
        demand.ignoresAffinity = demand.cpus == nil && chance(10)
        demand.isSolo = chance(5)
        demand.isMeasured = chance(50)
        return demand
    }

    /// Of jobs before, and of groups that are sealed.
    private mutating func dependencies(of demand: Demand) -> [Dependency] {
        var found: [Dependency] = []
        if lastID > 1 {
            let other = JobID(.random(in: 1..<lastID, using: &random))
            found.append(Dependency(target: .job(other), needsSuccess: chance(50)))
        }
        // One that may still grow could come to hold what waits for it.
        let sealed = model.groups.keys.filter { !openGroups.contains($0) }.sorted()
        if chance(30), let group = sealed.randomElement(using: &random) {
            found.append(Dependency(target: .group(group), needsSuccess: chance(50)))
        }
        return found
    }
}
