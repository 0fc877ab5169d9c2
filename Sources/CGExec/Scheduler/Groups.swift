import BitCollections

/// What the scheduler needs to know of a group of jobs and groups.
struct GroupPlan: Sendable, Hashable {
    /// What people call it, for messages.
    var name = ""
    var parent: JobGroupID?
    /// The longest time from the first start in it to its end.
    var timeout: Duration?
}

/// The groups that are not finished.
struct Groups: Sendable {
    private var states: [JobGroupID: State] = [:]
    /// Those that finished without success; one that is neither open nor here succeeded.
    private var failed = BitSet()
    /// Those whose time is limited and runs, in the order of their start.
    private var deadlines: [(id: JobGroupID, due: Instant)] = []

    private struct State: Sendable {
        let plan: GroupPlan
        var counts = GroupCounts()
        var isStarted = false
        var isSealed = false
        /// Whether its time is over.
        var isOver = false
        /// The jobs in it that are not done, and the groups in it that are not finished.
        var jobs: Set<JobID> = []
        var groups: Set<JobGroupID> = []
        /// The first job in it that did not succeed.
        var firstFailure: Blame?
    }

    mutating func open(_ id: JobGroupID, _ plan: GroupPlan) {
        states[id] = State(plan: plan)
        if let parent = plan.parent {
            states[parent]?.counts.added += 1
            states[parent]?.groups.insert(id)
        }
    }

    func isOpen(_ id: JobGroupID) -> Bool { states[id] != nil }
    func succeeded(_ id: JobGroupID) -> Bool { !failed.contains(id.number) }

    /// An open group as messages call it.
    func title(of id: JobGroupID) -> String {
        Blame.called("group", states[id]?.plan.name ?? "", number: id.number)
    }

    /// How the children of an open group stand.
    func counts(of id: JobGroupID) -> GroupCounts? { states[id]?.counts }

    mutating func add(_ job: JobID, to id: JobGroupID) {
        states[id]?.counts.added += 1
        states[id]?.jobs.insert(job)
    }

    /// The jobs in a group and in those below it that are not done, in the order of their submission.
    func members(of id: JobGroupID) -> [JobID] {
        var jobs: [JobID] = []
        var next = [id]
        while let id = next.popLast(), let state = states[id] {
            jobs += state.jobs
            next += state.groups
        }
        return jobs.sorted()
    }

    /// The group and those that it is in, from the inside out.
    func lineage(of id: JobGroupID?) -> [JobGroupID] {
        var line: [JobGroupID] = []
        var next = id
        while let id = next, let state = states[id] {
            line.append(id)
            next = state.plan.parent
        }
        return line
    }

    /// Notes that a job in the group starts; the groups that start with it, from the outside in.
    mutating func start(_ id: JobGroupID, at now: Instant) -> [JobGroupID] {
        let starting = lineage(of: id).filter { states[$0]?.isStarted == false }
        for id in starting.reversed() {
            states[id]?.isStarted = true
            if let timeout = states[id]?.plan.timeout { deadlines.append((id, now.advanced(by: timeout))) }
        }
        return starting.reversed()
    }

    /// When the first group's time is over.
    var nextDeadline: Instant? { deadlines.lazy.map(\.due).min() }

    /// The groups whose time is over; each is told of once.
    mutating func expired(at now: Instant) -> [JobGroupID] {
        let over = deadlines.filter { $0.due <= now }.map(\.id)
        if !over.isEmpty { deadlines.removeAll { $0.due <= now } }
        for id in over { states[id]?.isOver = true }
        return over
    }

    /// Notes that nothing more is added to the group and to those in it; the groups that are finished by that.
    mutating func seal(_ id: JobGroupID) -> [Finished] {
        guard let state = states[id], !state.isSealed else { return [] }
        let below = state.groups.sorted().flatMap { seal($0) }
        states[id]?.isSealed = true
        return below + finishIfComplete(id)
    }

    /// The same for all groups.
    mutating func sealAll() -> [Finished] {
        let roots = states.filter { $0.value.plan.parent == nil }.keys.sorted()
        return roots.flatMap { seal($0) }
    }

    /// Whether something may still be added to it.
    func isGrowing(_ id: JobGroupID) -> Bool { states[id].map { !$0.isSealed } ?? false }

    /// The group, or one that it is in, whose time is over, as messages call it.
    func over(_ id: JobGroupID) -> String? {
        lineage(of: id).first { states[$0]?.isOver ?? false }.map(title)
    }

    /// A group that has finished.
    struct Finished {
        var id: JobGroupID
        var counts: GroupCounts
        /// Nil when it succeeded.
        var failure: FailedPredecessor?
    }

    /// Notes the end of a job in the group; the groups that are finished by that.
    mutating func settle(_ id: JobGroupID, _ job: Blame, isSuccess: Bool) -> [Finished] {
        states[id]?.jobs.remove(job.id)
        return settle(id, isSuccess, job)
    }

    private mutating func settle(_ id: JobGroupID, _ isSuccess: Bool, _ blame: Blame?) -> [Finished] {
        if isSuccess {
            states[id]?.counts.done += 1
        } else {
            states[id]?.counts.terminated += 1
            if states[id]?.firstFailure == nil { states[id]?.firstFailure = blame }
        }
        return finishIfComplete(id)
    }

    /// From the inside out, each told of once.
    private mutating func finishIfComplete(_ id: JobGroupID) -> [Finished] {
        guard let state = states[id], state.isSealed, state.counts.isComplete else { return [] }
        let title = title(of: id)
        states[id] = nil
        deadlines.removeAll { $0.id == id }
        let isSuccess = state.counts.isSuccess
        if !isSuccess { failed.insert(id.number) }
        let failure = isSuccess ? nil : FailedPredecessor(title: title, first: state.firstFailure)
        let finished = [Finished(id: id, counts: state.counts, failure: failure)]
        guard let parent = state.plan.parent else { return finished }
        states[parent]?.groups.remove(id)
        return finished + settle(parent, isSuccess, state.firstFailure)
    }
}
