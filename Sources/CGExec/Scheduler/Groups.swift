/// What the scheduler needs to know of a group of jobs and groups.
struct GroupPlan: Sendable, Hashable {
    var parent: GroupID?
    /// The longest time from the first start in it to its end.
    var timeout: Duration?
}

/// The groups that are not finished.
struct Groups: Sendable {
    private var states: [GroupID: State] = [:]
    /// Those that finished without success; one that is neither open nor here succeeded.
    private var failed: Set<GroupID> = []
    /// Those whose time is limited and runs, in the order of their start.
    private var deadlines: [(id: GroupID, due: Instant)] = []

    private struct State: Sendable {
        let plan: GroupPlan
        var counts = GroupCounts()
        var isStarted = false
        var isSealed = false
        /// Whether its time is over.
        var isOver = false
    }

    mutating func open(_ id: GroupID, _ plan: GroupPlan) {
        states[id] = State(plan: plan)
        if let parent = plan.parent { states[parent]?.counts.added += 1 }
    }

    func isOpen(_ id: GroupID) -> Bool { states[id] != nil }
    func succeeded(_ id: GroupID) -> Bool { !failed.contains(id) }

    /// How the children of an open group stand.
    func counts(of id: GroupID) -> GroupCounts? { states[id]?.counts }

    mutating func add(to id: GroupID) { states[id]?.counts.added += 1 }

    /// The group and those that it is in, from the inside out.
    func lineage(of id: GroupID?) -> [GroupID] {
        var line: [GroupID] = []
        var next = id
        while let id = next, let state = states[id] {
            line.append(id)
            next = state.plan.parent
        }
        return line
    }

    /// Notes that a job in the group starts; the groups that start with it, from the outside in.
    mutating func start(_ id: GroupID, at now: Instant) -> [GroupID] {
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
    mutating func expired(at now: Instant) -> [GroupID] {
        let over = deadlines.filter { $0.due <= now }.map(\.id)
        if !over.isEmpty { deadlines.removeAll { $0.due <= now } }
        for id in over { states[id]?.isOver = true }
        return over
    }

    /// Notes that nothing more is added to the group and to those in it; the groups that are finished by that.
    mutating func seal(_ id: GroupID) -> [Finished] {
        let below = states.filter { $0.value.plan.parent == id && !$0.value.isSealed }.keys.sorted()
        return below.flatMap { seal($0) } + settle(id, child: nil)
    }

    /// The same for all groups.
    mutating func sealAll() -> [Finished] {
        let roots = states.filter { $0.value.plan.parent == nil }.keys.sorted()
        return roots.flatMap { seal($0) }
    }

    /// Whether something may still be added to it.
    func isGrowing(_ id: GroupID) -> Bool { states[id].map { !$0.isSealed } ?? false }

    /// Whether the time of the group, or of one that it is in, is over.
    func isOver(_ id: GroupID) -> Bool { lineage(of: id).contains { states[$0]?.isOver ?? false } }

    /// A group that has finished.
    struct Finished {
        var id: GroupID
        var counts: GroupCounts
    }

    /// Notes the end of a child, or with nil that the group is sealed; the groups that are finished by that, from the
    /// inside out, each told of once.
    mutating func settle(_ id: GroupID, child isSuccess: Bool?) -> [Finished] {
        switch isSuccess {
        case true?: states[id]?.counts.done += 1
        case false?: states[id]?.counts.terminated += 1
        case nil: states[id]?.isSealed = true
        }
        guard let state = states[id], state.isSealed, state.counts.isComplete else { return [] }
        states[id] = nil
        deadlines.removeAll { $0.id == id }
        if !state.counts.isSuccess { failed.insert(id) }
        let above = state.plan.parent.map { settle($0, child: state.counts.isSuccess) } ?? []
        return [Finished(id: id, counts: state.counts)] + above
    }
}
