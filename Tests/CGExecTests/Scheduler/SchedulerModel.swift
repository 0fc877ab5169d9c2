@testable import CGExec

/// What must always hold of a scheduler, told as plainly as possible; each answer of the real one is checked against it.
struct SchedulerModel {
    let configuration: Scheduler.Configuration
    private(set) var jobs: [JobID: Job] = [:]
    /// In the order of their launch.
    private(set) var running: [Run] = []
    private(set) var groups: [JobGroupID: Group] = [:]
    private var isRefusing = false
    private var leftBehind: UInt64 = 0
    private(set) var isLeftBehindAsked = false
    private(set) var isMemoryAsked = false

    struct Job {
        let demand: Demand
        var outcome: Outcome?
        var isDone = false
        var attempts = 0
        var postponements = 0
        var memoryFailures = 0
        var lastShare: ByteSize?
        /// It was not told yet.
        var awaitsProgram: Bool
        var isAsked = false
        var program: ProgramVersion?
    }

    struct Run {
        let id: AttemptID
        let demand: Demand
        let grant: Grant
        var started: Instant
        var isLaunched = false
        var wasAsked = false
        var wasKilled = false
        var killDue: Instant?
        /// It has ended, and the scheduler is to say what becomes of it.
        var isOver = false
        /// At its own limit, that is.
        var ranOut = false
        /// Whether the kernel is to end others first.
        var isSpared = false
    }

    struct Group {
        let plan: GroupPlan
        var counts = GroupCounts()
        var isStarted = false
        var isSealed = false
        var isFinished = false
    }

    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    init(_ configuration: Scheduler.Configuration) { self.configuration = configuration }

    private func check(_ isRight: Bool, _ rule: @autoclosure () -> String) throws {
        if !isRight { throw Violation(description: rule()) }
    }

    /// Takes in an event and what the scheduler answered.
    mutating func follow(_ event: Event, at now: Instant, _ effects: [Effect], _ scheduler: FaultyScheduler) throws {
        try take(event)
        let before = running
        for effect in effects { try follow(effect, event, now) }
        try check(!running.contains { $0.isOver }, "nothing was said of an attempt that ended")
        if mayRunShort {
            let spared = running.filter(\.isSpared).map(\.id)
            try check(spared == running.first.map { [$0.id] } ?? [], "\(spared) are spared, which is not the oldest")
        }
        try check(scheduler.runningCount == running.count, "it counts \(scheduler.runningCount) running")
        let open = jobs.values.filter { !$0.isDone }.count
        try check(scheduler.waitingCount == open - running.count, "it counts \(scheduler.waitingCount) waiting")
        try check(scheduler.isIdle == (open == 0), "it is wrong about being idle")
        try checkDue(event, now, before, effects, scheduler.nextDeadline)
        try checkProgress(now, scheduler)
    }

    /// Whether more may be promised than there is.
    private var mayRunShort: Bool { configuration.policy.mode == .packed && configuration.budget != nil }

    private mutating func take(_ event: Event) throws {
        switch event {
        case .opened(let id, let plan):
            groups[id] = Group(plan: plan)
            if let parent = plan.parent { groups[parent]?.counts.added += 1 }
        case .sealed(let id):
            for other in groups.keys where lineage(other).contains(id) { groups[other]?.isSealed = true }
        case .submitted(let id, let demand):
            jobs[id] = Job(demand: demand, awaitsProgram: demand.awaitsProgram)
            if let group = demand.group { groups[group]?.counts.added += 1 }
        case .identified(let id, let program):
            guard jobs[id]?.awaitsProgram == true else { return }
            jobs[id]?.awaitsProgram = false
            jobs[id]?.program = program
        case .launched(let id, let started):
            change(id) { run in
                run.isLaunched = true
                run.started = started
            }
        case .settled: break
        case .ended(let id, let end):
            change(id) { run in
                run.isOver = true
                run.ranOut = end.culprit == .job
            }
            if running.contains(where: { $0.id == id }) { leftBehind += end.leftBehind.bytes }
        case .leftBehind(let bytes):
            leftBehind = bytes.bytes
            isLeftBehindAsked = false
        case .memory: isMemoryAsked = false
        case .close, .killAll:
            isRefusing = true
            for id in groups.keys { groups[id]?.isSealed = true }
        case .hold, .release, .cpuUsed, .outputExceeded, .pidsExceeded, .thrashed, .pressure, .poolAtLimit, .cancel,
            .cancelGroup,
            .cancelAll, .wake:
            break
        }
    }

    /// The jobs whose programs are still to be told, in the order of their submission.
    var unidentified: [JobID] {
        jobs.filter { $0.value.awaitsProgram && $0.value.isAsked && !$0.value.isDone }.keys.sorted()
    }

    private mutating func change(_ id: AttemptID, _ body: (inout Run) -> Void) {
        for index in running.indices where running[index].id == id { body(&running[index]) }
    }

    // MARK: What came

    private mutating func follow(_ effect: Effect, _ event: Event, _ now: Instant) throws {
        switch effect {
        case .launch(let id, let grant): try launch(id, grant, now)
        case .terminate(let id): try terminate(id, now)
        case .kill(let id): try kill(id, event)
        case .identify(let id):
            try check(
                jobs[id]?.awaitsProgram == true && jobs[id]?.isAsked == false, "the program of \(id) is asked for")
            try checkDependencies(id, jobs[id]?.demand ?? Demand())
            jobs[id]?.isAsked = true
        case .spare(let id): change(id) { $0.isSpared = true }
        case .measureCPU(let id):
            let run = running.first { $0.id == id }
            try check(run?.demand.cpuTimeout != nil && run?.wasKilled == false, "\(id) is measured for nothing")
        case .measureMemory:
            try check(configuration.policy.mode == .packed, "a strict pool is sampled")
            isMemoryAsked = true
        case .measureLeftBehind: isLeftBehindAsked = true
        case .learned(let sample):
            guard case .ended(let id, _) = event, let job = jobs[id.job], running.contains(where: { $0.id == id })
            else { throw Violation(description: "something is learned although nothing ended") }
            try check(sample.program != nil && sample.program == job.program, "it is learned of another program")
            try check(sample.category == job.demand.category, "it is learned of another category")
        case .note(let id, _): try check(jobs[id]?.isDone == false, "a note comes too late for job \(id)")
        case .retry(let id, let outcome):
            let ranOut = running.contains { $0.id == id && $0.ranOut }
            try close(id, outcome)
            try checkRetry(id, outcome, ranOut: ranOut)
        case .finish(let id, let attempt, let outcome):
            if let attempt { try close(attempt, outcome) }
            try finish(id, attempt, outcome)
        case .groupStarted(let id):
            try check(groups[id]?.isStarted == false, "group \(id) starts twice")
            groups[id]?.isStarted = true
        case .groupFinished(let id, let counts): try finish(id, counts)
        }
    }

    private mutating func terminate(_ id: AttemptID, _ now: Instant) throws {
        guard let run = running.first(where: { $0.id == id }) else {
            throw Violation(description: "\(id) is not there")
        }
        try check(!run.wasAsked && !run.wasKilled, "\(id) is asked twice, or after its kill")
        try check(run.isLaunched && run.demand.grace > .zero, "\(id) cannot be asked, or has no grace")
        change(id) { run in
            run.wasAsked = true
            run.killDue = now.advanced(by: run.demand.grace)
        }
    }

    private mutating func kill(_ id: AttemptID, _ event: Event) throws {
        guard let run = running.first(where: { $0.id == id }) else {
            throw Violation(description: "\(id) is not there")
        }
        try check(!run.wasKilled, "\(id) is killed twice")
        if case .memory = event {
            try check(running.first?.id != id, "the oldest is taken back")
            try check(!run.demand.isSolo, "one that runs alone is taken back")
        }
        change(id) { $0.wasKilled = true }
    }

    /// An attempt is over, and this is what is said of it.
    private mutating func close(_ id: AttemptID, _ outcome: Outcome) throws {
        guard let run = running.first(where: { $0.id == id }) else {
            throw Violation(description: "\(id) is not there")
        }
        try check(run.isOver, "\(id) is called over and is not")
        running.removeAll { $0.id == id }
        let ours: Set<Outcome.Kind> = [.timeout, .cpuTimeout, .output, .pids, .cancelled, .chained, .postponed]
        if ours.contains(outcome.kind) {
            try check(run.wasAsked || run.wasKilled, "\(id) is called \(outcome.kind) and was not ended by us")
        }
        if outcome.kind == .chained { try checkCause(of: id.job, outcome) }
        if outcome.kind == .postponed {
            try check(configuration.policy.mode == .packed, "a strict pool takes a job back")
            jobs[id.job]?.postponements += 1
        }
    }

    private mutating func checkRetry(_ id: AttemptID, _ outcome: Outcome, ranOut: Bool) throws {
        guard let job = jobs[id.job] else { return }
        try check(!outcome.isSuccess, "job \(id.job) succeeded and runs again")
        try check(outcome.kind != .cancelled, "job \(id.job) was cancelled and runs again")
        try check(job.postponements <= 3, "job \(id.job) is taken back for the \(job.postponements)th time")
        guard outcome.kind == .memory else { return }
        if job.demand.memory != nil {
            let asked = job.demand.retry?.rules.contains(.memory) ?? false
            let isPool = outcome.culprit == .pool && configuration.policy.mode == .packed
            try check(
                asked || isPool || job.demand.hasFallback, "job \(id.job) runs again with the limit that it broke")
        } else if ranOut, job.demand.retry == nil, !job.demand.hasFallback {
            jobs[id.job]?.memoryFailures += 1
        }
    }

    private mutating func finish(_ id: JobID, _ attempt: AttemptID?, _ outcome: Outcome) throws {
        guard let job = jobs[id] else { throw Violation(description: "job \(id) is unknown") }
        try check(!job.isDone, "job \(id) is done twice")
        try check(!running.contains { $0.id.job == id }, "job \(id) is done and runs")
        if attempt == nil {
            try check(
                [.cancelled, .chained, .launchError].contains(outcome.kind), "job \(id) never ran: \(outcome.kind)")
            if outcome.kind == .chained { try checkCause(of: id, outcome) }
            if outcome.kind == .launchError { try checkRefused(id, job.demand) }
        }
        jobs[id]?.isDone = true
        jobs[id]?.outcome = outcome
        if let group = job.demand.group { count(group, outcome.isSuccess) }
    }

    /// A chain needs a cause: a job of the same category, not heavier, whose own limit ended it.
    private func checkCause(of id: JobID, _ outcome: Outcome) throws {
        guard let cause = outcome.cause.flatMap({ jobs[$0] })?.demand, let job = jobs[id]?.demand else {
            throw Violation(description: "job \(id) is chained to nothing")
        }
        try check(configuration.policy.chains == .on, "job \(id) is chained although chains are off")
        try check(cause.category == job.category && cause.category != nil, "a chain leaves its category")
        let isLighter = job.size < cause.size && job.weight < cause.weight
        try check(!isLighter && job.size > 0 && cause.size > 0, "job \(id) is lighter than its cause")
    }

    /// A job that is never started for want of room must really have none, with nothing running.
    private func checkRefused(_ id: JobID, _ demand: Demand) throws {
        let room = (configuration.budget?.bytes ?? .max) - min(leftBehind, configuration.budget?.bytes ?? .max)
        let isTooMuch = leftBehind > 0 && demand.memory.map { $0.bytes > room } ?? true
        try check(running.isEmpty && isTooMuch, "job \(id) is refused though it fits")
    }

    private mutating func count(_ group: JobGroupID, _ isSuccess: Bool) {
        if isSuccess { groups[group]?.counts.done += 1 } else { groups[group]?.counts.terminated += 1 }
    }

    private mutating func finish(_ id: JobGroupID, _ counts: GroupCounts) throws {
        guard let group = groups[id] else { throw Violation(description: "group \(id) is unknown") }
        try check(!group.isFinished, "group \(id) finishes twice")
        try check(group.isSealed && group.counts.isComplete, "group \(id) finishes too early")
        try check(group.counts == counts, "group \(id) counts \(counts), not \(group.counts)")
        groups[id]?.isFinished = true
        if let parent = group.plan.parent { count(parent, counts.isSuccess) }
    }

    // MARK: Launches

    private mutating func launch(_ id: AttemptID, _ grant: Grant, _ now: Instant) throws {
        guard let job = jobs[id.job] else { throw Violation(description: "\(id) is unknown") }
        let demand = job.demand
        try check(!isRefusing, "\(id) is launched after the end began")
        try check(!job.isDone && !running.contains { $0.id.job == id.job }, "job \(id.job) runs already, or is done")
        try check(id.number == job.attempts + 1, "\(id) is not the next attempt")
        try check(!job.awaitsProgram, "\(id) starts before its program is known")
        try checkDependencies(id.job, demand)
        try checkPlace(id, grant, demand)
        try checkLimit(id, grant, job)
        let company = running.filter { !$0.isOver }
        try check(!demand.isSolo || company.isEmpty, "\(id) is to run alone and does not")
        try check(!company.contains { $0.demand.isSolo }, "\(id) runs beside one that is to run alone")
        for group in lineage(demand.group) {
            try check(groups[group]?.isStarted == true, "group \(group) was not called started")
        }
        jobs[id.job]?.attempts += 1
        if grant.memoryIsShare { jobs[id.job]?.lastShare = grant.memory }
        try check((grant.oomScore != nil) == mayRunShort, "\(id) is or is not to be ended first, in the wrong mode")
        running.append(Run(id: id, demand: demand, grant: grant, started: now, isSpared: grant.oomScore == 0))
        if grant.memory ?? demand.memory ?? demand.need != nil { try checkMemory() }
    }

    /// The group and those that it is in.
    func lineage(_ group: JobGroupID?) -> [JobGroupID] {
        var line: [JobGroupID] = []
        var next = group
        while let id = next {
            line.append(id)
            next = groups[id]?.plan.parent
        }
        return line
    }

    private func checkDependencies(_ id: JobID, _ demand: Demand) throws {
        for dependency in demand.dependencies {
            switch dependency.target {
            case .job(let other):
                guard let before = jobs[other] else { continue }
                try check(before.isDone, "job \(id) does not wait for job \(other)")
                let isMet = before.outcome?.isSuccess == true || !dependency.needsSuccess
                try check(isMet, "job \(id) starts though job \(other) failed")
            case .group(let group):
                guard let before = groups[group] else { continue }
                try check(before.isFinished, "job \(id) does not wait for group \(group)")
                try check(before.counts.isSuccess || !dependency.needsSuccess, "job \(id) starts though a group failed")
            }
        }
    }

    private func checkPlace(_ id: AttemptID, _ grant: Grant, _ demand: Demand) throws {
        try check(configuration.slots.indices.contains(grant.slot), "there is no slot \(grant.slot)")
        try check(!running.contains { $0.grant.slot == grant.slot }, "slot \(grant.slot) is not free")
        if let cpuset = demand.cpuset {
            try check(grant.cpus == cpuset, "\(id) got other CPUs than it named")
        } else if let cpus = grant.cpus {
            try check(cpus.isSubset(of: freeCPUs), "\(id) got CPUs \(cpus), of \(freeCPUs) that are free")
            try check(demand.cpus.map { $0 == cpus.count } ?? true, "\(id) got \(cpus.count) CPUs")
            try check(demand.cpus != nil || configuration.slots[grant.slot].cpus == cpus, "\(id) got not its slot")
        } else {
            let isUnbound = demand.ignoresAffinity || configuration.slots[grant.slot].cpus == nil
            try check(demand.cpus == nil && isUnbound, "\(id) got no CPUs")
        }
    }

    private var freeCPUs: CPUSet {
        running.reduce(configuration.cpus) { free, run in
            run.demand.cpuset == nil ? free.subtracting(run.grant.cpus ?? CPUSet()) : free
        }
    }

    private func checkLimit(_ id: AttemptID, _ grant: Grant, _ job: Job) throws {
        if let memory = job.demand.memory {
            return try check(grant.memory == memory && !grant.memoryIsShare, "\(id) got another limit than asked")
        }
        try check((grant.memory != nil) == configuration.sharesBudget, "\(id) got a wrong share")
        try check(grant.memoryIsShare == (grant.memory != nil), "\(id) has a share that is not called one")
        if job.memoryFailures > 0, let last = job.lastShare, let memory = grant.memory,
            let budget = configuration.budget
        {
            let most = budget.bytes - min(budget.bytes, leftBehind)
            try check(memory > last || memory.bytes >= most, "\(id) gets no more memory than was too little")
        }
        try check(job.memoryFailures <= 2, "\(id) is the fourth attempt at a memory that is too little")
    }

    /// In strict mode the limits of all that runs stay within the budget, and with them what was declared.
    private func checkMemory() throws {
        guard let budget = configuration.budget, configuration.policy.mode == .strict else { return }
        let sum = running.reduce(0) { sum, run in
            sum + (run.grant.memory ?? run.demand.memory ?? run.demand.need ?? ByteSize(0)).bytes
        }
        try check(
            sum + leftBehind <= budget.bytes || running.isEmpty,
            "\(sum) of \(budget.bytes) are promised, \(leftBehind) left behind")
    }

    // MARK: Time

    /// What was due must have been done, and what is due next be known.
    private func checkDue(
        _ event: Event, _ now: Instant, _ before: [Run], _ effects: [Effect], _ next: Instant?
    ) throws {
        if case .wake = event { try check(next ?? .init(nanoseconds: .max) > now, "the next deadline is not ahead") }
        for run in running {
            guard let due = run.nextDue else { continue }
            try check(next ?? .init(nanoseconds: .max) <= due, "\(run.id) is due before the next deadline")
        }
    }

    /// Somebody must have a reason to wake the scheduler while jobs wait and nothing runs.
    private func checkProgress(_ now: Instant, _ scheduler: FaultyScheduler) throws {
        guard running.isEmpty, scheduler.waitingCount > 0, scheduler.nextDeadline == nil, !isLeftBehindAsked else {
            return
        }
        let waitsForGroups = groups.values.contains { !$0.isSealed }
        try check(waitsForGroups || !unidentified.isEmpty, "nothing runs, jobs wait, and nothing will happen")
    }
}

extension SchedulerModel.Run {
    /// When something must be done about it at the latest.
    fileprivate var nextDue: Instant? {
        if wasKilled { return nil }
        if wasAsked { return killDue }
        return demand.timeout.map { started.advanced(by: $0) }
    }
}
