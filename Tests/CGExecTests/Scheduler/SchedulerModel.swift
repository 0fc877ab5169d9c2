@testable import CGExec

/// What a scheduler has to do, told as plainly as possible; each answer of the real one is compared with it.
struct SchedulerModel {
    let configuration: Scheduler.Configuration
    private(set) var waiting: [JobID] = []
    private(set) var running: [Run] = []
    private(set) var submitted: Set<JobID> = []
    private(set) var finished: Set<JobID> = []
    private var demands: [JobID: Demand] = [:]
    private var isClosing = false
    /// What the event under way makes necessary, launches and measurements aside.
    private var expected: [Effect] = []

    struct Run {
        let id: AttemptID
        let demand: Demand
        let grant: Grant
        var started: Instant
        var isLaunched = false
        var cause: Outcome.Kind?
        var killDue: Instant?
        var wasKilled = false
    }

    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    init(_ configuration: Scheduler.Configuration) { self.configuration = configuration }

    private func check(_ isRight: Bool, _ rule: @autoclosure () -> String) throws {
        if !isRight { throw Violation(description: rule()) }
    }

    /// Takes in an event and what the scheduler answered.
    mutating func follow(_ event: Event, at now: Instant, _ effects: [Effect], _ scheduler: Scheduler) throws {
        expected = []
        take(event, now)
        try compare(effects, now)
        try check(scheduler.runningCount == running.count, "it counts \(scheduler.runningCount) running")
        try check(scheduler.waitingCount == waiting.count, "it counts \(scheduler.waitingCount) waiting")
        try check(scheduler.isIdle == (running.isEmpty && waiting.isEmpty), "it is wrong about being idle")
        try checkMemory(scheduler.reserved)
        if let head = waiting.first.flatMap({ demands[$0] }) {
            try check(!fits(head), "job \(waiting[0]) fits and was not started")
        }
        let next = scheduler.nextDeadline
        if case .wake = event { try check(next ?? .init(nanoseconds: .max) > now, "the next deadline is not ahead") }
        if let due = running.compactMap(\.nextDue).min() {
            try check(next ?? .init(nanoseconds: .max) <= due, "the next deadline is later than what is due")
        }
    }

    // MARK: What an event makes necessary

    private mutating func take(_ event: Event, _ now: Instant) {
        switch event {
        case .submitted(let id, let demand):
            submitted.insert(id)
            demands[id] = demand
            waiting.append(id)
            if isClosing { drop(id) }
        case .launched(let id, let started):
            change(id) { run in
                run.isLaunched = true
                run.started = started
            }
        case .cpuUsed(let id, let used):
            end(id, .cpuTimeout, now) { used >= $0.demand.cpuTimeout ?? .seconds(Int64.max) }
        case .outputExceeded(let id): end(id, .output, now)
        case .pidsExceeded(let id): end(id, .pids, now) { $0.demand.endsAtPids }
        case .ended(let id, let status, let culprit, _):
            guard let run = running.first(where: { $0.id == id }) else { return }
            running.removeAll { $0.id == id }
            finished.insert(id.job)
            let outcome = Outcome(status, endedFor: run.cause, culprit: culprit, memory: run.grant.memory)
            expected.append(.finish(id.job, id, outcome))
        case .cancel(let id):
            if waiting.contains(id) { drop(id) }
            for run in running where run.id.job == id { end(run.id, .cancelled, now) }
        case .cancelAll, .killAll:
            isClosing = true
            for id in waiting { drop(id) }
            for run in running { end(run.id, .cancelled, now) }
            if case .killAll = event { for run in running { kill(run.id) } }
        case .wake:
            for run in running {
                if run.cause != nil, run.killDue ?? now <= now { kill(run.id) }
                end(run.id, .timeout, now) { run in
                    run.demand.timeout.map { run.started.advanced(by: $0) <= now } ?? false
                }
            }
        }
    }

    private mutating func change(_ id: AttemptID, _ body: (inout Run) -> Void) {
        for index in running.indices where running[index].id == id { body(&running[index]) }
    }

    private mutating func drop(_ id: JobID) {
        waiting.removeAll { $0 == id }
        finished.insert(id)
        expected.append(.finish(id, nil, Outcome(.cancelled, message: "it was cancelled before it started")))
    }

    private mutating func end(
        _ id: AttemptID, _ cause: Outcome.Kind, _ now: Instant, where applies: (Run) -> Bool = { _ in true }
    ) {
        guard let run = running.first(where: { $0.id == id }), run.cause == nil, applies(run) else { return }
        change(id) { $0.cause = cause }
        if run.isLaunched, run.demand.grace > .zero {
            expected.append(.terminate(id))
            change(id) { $0.killDue = now.advanced(by: run.demand.grace) }
        } else {
            kill(id)
        }
    }

    private mutating func kill(_ id: AttemptID) {
        guard let run = running.first(where: { $0.id == id }), !run.wasKilled else { return }
        change(id) { $0.wasKilled = true }
        expected.append(.kill(id))
    }

    // MARK: What came

    private mutating func compare(_ effects: [Effect], _ now: Instant) throws {
        var missing = expected
        for effect in effects {
            switch effect {
            case .launch(let id, let grant): try launch(id, grant, now)
            case .measureCPU(let id):
                let run = running.first { $0.id == id }
                try check(run?.demand.cpuTimeout != nil && run?.cause == nil, "\(id) is measured for nothing")
            case .terminate, .kill, .finish:
                guard let index = missing.firstIndex(of: effect) else {
                    throw Violation(description: "\(effect) was not to come; was: \(expected)")
                }
                missing.remove(at: index)
            }
        }
        try check(missing.isEmpty, "\(missing) did not come")
    }

    private mutating func launch(_ id: AttemptID, _ grant: Grant, _ now: Instant) throws {
        try check(!isClosing, "\(id) is launched after the end began")
        try check(waiting.first == id.job && id.number == 1, "\(id) is launched before its turn")
        guard let demand = demands[id.job] else { throw Violation(description: "\(id) is unknown") }
        try check(configuration.slots.indices.contains(grant.slot), "there is no slot \(grant.slot)")
        try check(!running.contains { $0.grant.slot == grant.slot }, "slot \(grant.slot) is not free")
        if let cpuset = demand.cpuset {
            try check(grant.cpus == cpuset, "\(id) got other CPUs than it named")
        } else if let cpus = grant.cpus {
            try check(cpus.isSubset(of: freeCPUs), "\(id) got CPUs \(cpus), of \(freeCPUs) that are free")
            try check(demand.cpus.map { $0 == cpus.count } ?? true, "\(id) got \(cpus.count) CPUs")
            try check(demand.cpus != nil || configuration.slots[grant.slot].cpus == cpus, "\(id) got not its slot")
        } else {
            try check(demand.cpus == nil && configuration.slots[grant.slot].cpus == nil, "\(id) got no CPUs")
        }
        if let memory = demand.memory {
            try check(grant.memory == memory && !grant.memoryIsShare, "\(id) got another memory limit than asked")
        } else {
            try check((grant.memory != nil) == configuration.sharesBudget, "\(id) got a wrong share")
            try check(grant.memoryIsShare == (grant.memory != nil), "\(id) has a share that is not called one")
        }
        waiting.removeFirst()
        running.append(Run(id: id, demand: demand, grant: grant, started: now))
        try checkMemory(nil)
    }

    // MARK: What there is

    private func reservation(_ demand: Demand) -> UInt64 {
        let share =
            configuration.sharesBudget ? (configuration.budget?.bytes ?? 0) / UInt64(configuration.slots.count) : 0
        return (demand.memory ?? demand.need)?.bytes ?? share
    }

    private func checkMemory(_ reserved: ByteSize?) throws {
        let sum = running.reduce(0) { $0 + reservation($1.demand) }
        if let reserved { try check(reserved.bytes == sum, "it counts \(reserved.bytes) of \(sum) reserved") }
        guard let budget = configuration.budget else { return }
        try check(sum <= budget.bytes, "\(sum) reserved of \(budget.bytes)")
        guard configuration.sharesBudget else { return }
        let limits = running.reduce(0) { $0 + ($1.grant.memory?.bytes ?? 0) }
        try check(limits <= budget.bytes, "limits of \(limits) within a budget of \(budget.bytes)")
    }

    private var freeCPUs: CPUSet {
        running.reduce(configuration.cpus) { free, run in
            run.demand.cpuset == nil ? free.subtracting(run.grant.cpus ?? CPUSet()) : free
        }
    }

    private func fits(_ demand: Demand) -> Bool {
        let sum = running.reduce(0) { $0 + reservation($1.demand) }
        if let budget = configuration.budget, sum + reservation(demand) > budget.bytes { return false }
        let free = configuration.slots.indices.filter { slot in !running.contains { $0.grant.slot == slot } }
        if free.isEmpty || isClosing { return false }
        if demand.cpuset != nil { return true }
        if let cpus = demand.cpus { return cpus <= freeCPUs.count }
        return free.contains { configuration.slots[$0].cpus?.isSubset(of: freeCPUs) ?? true }
    }
}

extension SchedulerModel.Run {
    /// When something must be done about it at the latest.
    fileprivate var nextDue: Instant? {
        if cause != nil { return wasKilled ? nil : killDue }
        return demand.timeout.map { started.advanced(by: $0) }
    }
}
