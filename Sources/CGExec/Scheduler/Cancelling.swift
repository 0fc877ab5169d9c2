/// What somebody wants ended, or kept from starting.
extension Scheduler {
    func cancelled(_ id: JobID) -> String { "it was cancelled \(moment(id))" }
    func outOfTime(_ id: JobID, _ group: String) -> String { "the time of \(group) was over \(moment(id))" }

    private func moment(_ id: JobID) -> String {
        jobs[id]?.attempts ?? 0 == 0 ? "before it started" : "while it waited for another attempt"
    }

    mutating func cancel(_ id: JobID, at now: Instant, _ effects: inout [Effect]) {
        if let attempt = active.first(where: { $0.id.job == id }) {
            jobs[id]?.isStopped = true
            end(attempt.id, .cancelled, at: now, &effects)
        } else if jobs.contains(id) {
            drop(id, cancelled(id), &effects)
        }
    }

    mutating func cancelAll(at now: Instant, _ effects: inout [Effect]) {
        for id in jobs.ids where jobs[id]?.state != .active { drop(id, cancelled(id), &effects) }
        for attempt in active {
            jobs[attempt.id.job]?.isStopped = true
            end(attempt.id, .cancelled, at: now, &effects)
        }
    }

    mutating func cancelAll(in group: JobGroupID, at now: Instant, _ effects: inout [Effect]) {
        for id in groups.members(of: group) { cancel(id, at: now, &effects) }
    }
}
