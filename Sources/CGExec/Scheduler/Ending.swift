/// How attempts end, and what comes after: another attempt, or the job's end.
extension Scheduler {
    /// A measurement comes no sooner than this after the one before: the lateness that a CPU time limit may have.
    private static let finestMeasurement = Duration.milliseconds(4)
    /// Attempts at a job whose memory estimate was too low; the last of them has the pool to itself.
    private static let memoryAttempts = 3
    /// The longest wait before a job is tried again.
    private static let longestBackOff = Duration.seconds(60)

    /// With what remains divided by the CPUs it may use, the limit cannot be passed unseen, and few looks are needed.
    mutating func account(_ used: Duration, of id: AttemptID, at now: Instant, _ effects: inout [Effect]) {
        var isOver = false
        change(id) { attempt in
            guard let limit = attempt.demand.cpuTimeout, attempt.reason == nil else { return }
            isOver = used >= limit
            let soonest = (limit - used) / attempt.parallelism
            attempt.nextMeasurement = isOver ? nil : now.advanced(by: max(soonest, Self.finestMeasurement))
        }
        if isOver { end(id, .cpuTimeout, at: now, &effects) }
    }

    mutating func meetDeadlines(at now: Instant, _ effects: inout [Effect]) {
        for attempt in active {
            if let killAt = attempt.killAt, killAt <= now { killNow(attempt.id, &effects) }
            if let deadline = attempt.deadline, deadline <= now {
                end(attempt.id, .timeout, at: now, &effects)
            } else if let due = attempt.nextMeasurement, due <= now {
                // The answer sets the next one; without an answer there is none to wait for.
                change(attempt.id) { attempt in attempt.nextMeasurement = nil }
                effects.append(.measureCPU(attempt.id))
            }
        }
        releaseDelayed(at: now)
        for group in groups.expired(at: now) {
            let title = groups.title(of: group)
            for id in groups.members(of: group) {
                if let attempt = active.first(where: { $0.id.job == id }) {
                    jobs[id]?.isStopped = true
                    end(attempt.id, .groupTimeout(title), at: now, &effects)
                } else {
                    drop(id, outOfTime(id, title), &effects)
                }
            }
        }
        if let ladder, ladder.isDue(at: now), !active.isEmpty { askMemory(&effects) }
    }

    /// Begins to end an attempt; the first reason is the one that counts.
    mutating func end(
        _ id: AttemptID, _ reason: ActiveAttempt.Reason, at now: Instant, atOnce: Bool = false,
        _ effects: inout [Effect]
    ) {
        guard let index = active.firstIndex(where: { $0.id == id }), active[index].reason == nil,
            !active[index].isSettled
        else { return }
        let demand = active[index].demand
        if reason == .pids && !demand.endsAtPids { return }
        // A program that is not there yet cannot be asked; the grace is for one that can.
        let ask = active[index].isLaunched && demand.grace > .zero && !atOnce
        active[index].reason = reason
        active[index].reasonAt = now
        active[index].deadline = nil
        active[index].nextMeasurement = nil
        active[index].killAt = ask ? now.advanced(by: demand.grace) : now
        if ask { effects.append(.terminate(id)) } else { killNow(id, &effects) }
    }

    mutating func settle(_ id: AttemptID, endedAt ended: Instant) {
        change(id) { attempt in
            if attempt.reason(endingAt: ended) == nil { attempt.isSettled = true }
        }
    }

    /// Whether the attempt's own end counts, and nothing that we did.
    func isSettled(_ id: AttemptID) -> Bool { active.contains { $0.id == id && $0.isSettled } }

    mutating func killNow(_ id: AttemptID, _ effects: inout [Effect]) {
        guard let index = active.firstIndex(where: { $0.id == id && $0.killAt != nil }) else { return }
        active[index].killAt = nil
        effects.append(.kill(id))
    }

    // MARK: The end of an attempt

    mutating func finish(_ id: AttemptID, _ end: AttemptEnd, at now: Instant, _ effects: inout [Effect]) {
        guard let index = active.firstIndex(where: { $0.id == id }) else { return }
        let attempt = active.remove(at: index)
        isUnsettled = true
        if ladder != nil, index == 0, let oldest = active.first { effects.append(.spare(oldest.id)) }
        ledger.giveBack(attempt.grant, of: attempt.demand, reserved: attempt.held)
        noteLeftBehind(end.leftBehind, by: attempt.blame, &effects)
        ladder?.ended(id, isEmpty: active.isEmpty, at: now)

        let reason = attempt.reason(endingAt: end.at ?? now)
        // A limit that the pool chose is the pool's: the job named none.
        let culprit = end.culprit == .job && attempt.grant.memoryIsShare ? .pool : end.culprit
        let outcome = Outcome(end.status, endedFor: reason, culprit: culprit, memory: attempt.grant.memory)
        if outcome.kind == .memory, culprit == .pool { ladder?.ranOut() }
        learn(from: attempt, end, outcome, at: now, &effects)
        guard var job = jobs[id.job] else { return }
        let verdict = verdict(on: attempt, end, outcome, &job, at: now)
        jobs[id.job] = job
        switch verdict {
        case .again(let due):
            effects.append(.retry(id, outcome))
            takeBack(id.job, until: due)
            // An estimate that was too low is so for others too; any other failure may pass.
            if outcome.kind == .memory, attempt.grant.memoryIsShare {
                chain(from: attempt, end, outcome, at: now, &effects)
            }
        case .over:
            conclude(id.job, id, Self.final(outcome, reason, refusal), &effects)
            chain(from: attempt, end, outcome, at: now, &effects)
        }
    }

    /// What was to run again and will not was cancelled.
    private static func final(_ outcome: Outcome, _ reason: ActiveAttempt.Reason?, _ refusal: Refusal?) -> Outcome {
        switch reason {
        case .postponed, .raised:
            var cancelled = outcome
            (cancelled.kind, cancelled.cause) = (.cancelled, refusal?.cause)
            cancelled.message = refusal?.message ?? "it was cancelled while it ran"
            return cancelled
        default: return outcome
        }
    }

    private enum Verdict {
        /// There is another attempt; not before the instant, if there is one.
        case again(Instant?)
        case over
    }

    private func verdict(
        on attempt: ActiveAttempt, _ end: AttemptEnd, _ outcome: Outcome, _ job: inout WaitingJob, at now: Instant
    ) -> Verdict {
        if refusal != nil || job.isStopped || outcome.kind == .cancelled { return .over }
        if end.isInvalid, attempt.demand.rerunsInvalid, job.reruns < policy.reruns,
            outcome.kind == .ok || outcome.kind == .exit
        {
            job.reruns += 1
            // Who disturbed it twice may be one of ours.
            job.isSolo = job.isSolo || job.reruns == policy.reruns
            return .again(nil)
        }
        if outcome.isSuccess { return .over }
        switch attempt.reason(endingAt: end.at ?? now) {
        case .postponed: return .again(postpone(&job, at: now))
        case .raised: return .again(nil)
        case .chained, .groupTimeout: return .over
        case .timeout where attempt.demand.restartsOnTimeout: return .again(nil)
        case .timeout, .cpuTimeout, .output, .pids, .thrash, .cancelled, .halted, nil: break
        }
        if outcome.kind == .memory, ladder != nil, outcome.stage == nil, end.culprit == .pool {
            return .again(postpone(&job, at: now))
        }
        if outcome.kind == .memory, end.culprit == .job, attempt.grant.memoryIsShare, !job.isSolo,
            attempt.grant.memory.map({ $0 < roomForOne }) ?? false
        {
            job.memoryFailures += 1
            if job.memoryFailures < Self.memoryAttempts {
                raise(&job, above: attempt.grant.memory)
                job.isSolo = job.memoryFailures == Self.memoryAttempts - 1
                return .again(nil)
            }
        }
        if let retry = attempt.demand.retry, job.retries < retry.limit, !job.isFallback,
            end.asksForRetry || retry.matches(outcome)
        {
            job.retries += 1
            let wait = retry.backOff * (1 << min(job.retries - 1, 20))
            return .again(wait > .zero ? now.advanced(by: max(retry.backOff, min(wait, Self.longestBackOff))) : nil)
        }
        if attempt.demand.hasFallback, !job.isFallback {
            job.isFallback = true
            return .again(nil)
        }
        return .over
    }

    /// The most that one job can get.
    var roomForOne: ByteSize {
        ByteSize((configuration.budget?.bytes ?? .max) - min(configuration.budget?.bytes ?? 0, ledger.leftBehind.bytes))
    }

    /// Reserves more for a job whose estimate was too low.
    func raise(_ job: inout WaitingJob, above limit: ByteSize?) {
        guard let limit else { return }
        let demand = job.demand
        var raised = memoryModel.afterFailure(
            category: demand.category ?? "", program: demand.program, size: demand.size, limit: limit,
            attempt: max(1, job.memoryFailures), declared: demand.need, budget: configuration.budget)
        if let budget = configuration.budget { raised = min(raised, budget) }
        job.raised = max(job.raised ?? ByteSize(0), raised)
        job.phase += 1
    }

    // MARK: Learning

    private mutating func learn(
        from attempt: ActiveAttempt, _ end: AttemptEnd, _ outcome: Outcome, at now: Instant, _ effects: inout [Effect]
    ) {
        guard let category = attempt.demand.category else { return }
        // What was frozen or swapped out tells neither how long such a job takes nor what it needs; that it ran out of memory is a
        // fact all the same.
        let isTelling = outcome.isSuccess && !end.isInvalid
        if isTelling { timeModel.learn(category, (end.at ?? now).since(attempt.started)) }
        // A fallback is another program.
        guard !attempt.grant.isFallback else { return }
        let ranOut = outcome.kind == .memory && end.culprit == .job
        var bytes: ByteSize?
        if ranOut {
            bytes = attempt.grant.memory
        } else if isTelling {
            bytes = end.need ?? attempt.seenNeed
        }
        guard let bytes else { return }
        let sample = MemoryModel.Sample(
            category: category, program: attempt.demand.program, size: attempt.demand.size, bytes: bytes.bytes,
            isCensored: ranOut)
        memoryModel.learn(sample)
        if sample.program != nil { effects.append(.learned(sample)) }
    }

    // MARK: What stays

    private mutating func noteLeftBehind(_ bytes: ByteSize, by leaver: Blame, _ effects: inout [Effect]) {
        leftBehindKnowledge = .stale
        guard bytes.bytes > 0 else { return }
        ledger.leftBehind.bytes += bytes.bytes
        if leavers.count < 5, leavers.last != leaver { leavers.append(leaver) }
        effects.append(
            .note(leaver.id, "it left \(bytes) behind in memory, such as files in a tmpfs, which the pool now lacks"))
    }
}
