/// Chained termination: ends or cancels the jobs that would fail as one just did, and reserves more for those whose
/// estimate would be too low as its was. PyExPool's idea, with the kernel's word for the cause: only a job's own limit
/// starts a chain, never what a neighbour, a user or the host did.
extension Scheduler {
    mutating func chain(
        from attempt: ActiveAttempt, _ end: AttemptEnd, _ outcome: Outcome, at now: Instant, _ effects: inout [Effect]
    ) {
        guard policy.chains != .off, refusal == nil, let category = attempt.demand.category, attempt.demand.size > 0
        else { return }
        if outcome.kind == .memory, end.culprit == .job || outcome.stage == Outcome.thrashStage {
            chainMemory(from: attempt, category, at: now, &effects)
        } else if outcome.kind == .timeout, outcome.stage == nil, !attempt.demand.restartsOnTimeout {
            chainTime(from: attempt, category, at: now, &effects)
        }
    }

    /// Jobs at least as heavy need at least as much. Of those with a hard limit that is not larger, none can succeed; a
    /// breach of an estimate says nothing against a limit that somebody set.
    private mutating func chainMemory(
        from origin: ActiveAttempt, _ category: String, at now: Instant, _ effects: inout [Effect]
    ) {
        // Where a larger size is known to need less, size says nothing about memory.
        guard let limit = origin.grant.memory,
            memoryModel.isMonotone(category: category, program: origin.demand.program)
        else { return }
        let cause = origin.blame
        for id in members(of: category, fromSize: origin.demand.size) where id != cause.id {
            guard let job = jobs[id] else { continue }
            let running = active.first { $0.id.job == id }
            if let memory = job.demand.memory {
                guard !origin.grant.memoryIsShare, memory <= limit else { continue }
                fell(id, running?.id, because: cause, at: now, &effects)
            } else if limit >= roomForOne {
                // All there is was too little: more cannot be reserved.
                if running?.isSolo != true { fell(id, running?.id, because: cause, at: now, &effects) }
            } else if policy.chains == .on {
                if let running {
                    guard let granted = running.grant.memory, granted <= limit else { continue }
                    lift(id, above: limit)
                    self.end(running.id, .raised(cause), at: now, &effects)
                } else if let reserved = reservation(for: job).limit, reserved <= limit {
                    lift(id, above: limit)
                }
            }
        }
    }

    /// Jobs whose size times slowdown is at least as large take at least as long, in proportion.
    private mutating func chainTime(
        from origin: ActiveAttempt, _ category: String, at now: Instant, _ effects: inout [Effect]
    ) {
        let (cause, weight) = (origin.blame, origin.demand.weight)
        guard let limit = origin.demand.timeout?.seconds, weight > 0, weight.isFinite else { return }
        for id in members(of: category, fromWeight: weight) where id != cause.id {
            guard let demand = jobs[id]?.demand, !demand.restartsOnTimeout,
                let timeout = demand.timeout, timeout.seconds <= limit * (demand.weight / weight)
            else { continue }
            fell(id, active.first { $0.id.job == id }?.id, because: cause, at: now, &effects)
        }
    }

    private mutating func fell(
        _ id: JobID, _ running: AttemptID?, because cause: Blame, at now: Instant, _ effects: inout [Effect]
    ) {
        guard policy.chains == .on else {
            guard jobs[id]?.isNoted == false else { return }
            jobs[id]?.isNoted = true
            let what = running == nil ? "not been started" : "been ended"
            effects.append(.note(id, "with chains on, it would have \(what), since \(cause) failed"))
            return
        }
        if let running {
            end(running, .chained(cause), at: now, &effects)
        } else {
            drop(
                id, "\(cause), of the same category and not heavier, failed at a limit that is not smaller",
                as: .chained, cause: cause.id, &effects)
        }
    }

    /// Reserves more for a job that waits.
    private mutating func lift(_ id: JobID, above limit: ByteSize) {
        guard var job = jobs[id] else { return }
        let rank = job.rank
        raise(&job, above: limit)
        if job.state == .ready {
            queue.remove(id, rank)
            queue.insert(id, job.rank, least: leastMemory(of: job))
        }
        jobs[id] = job
    }
}
