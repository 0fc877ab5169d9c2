/// Which job starts when, and with what: the first of the queue as soon as it fits, and others beside it as long as
/// they do not delay it (EASY backfill; Lifka, "The ANL/IBM SP Scheduling System", 1995).
extension Scheduler {
    /// How many jobs behind the first are looked at. Each look costs; schedulers of clusters bound it too (Slurm's
    /// `bf_max_job_test`).
    static let depth = 100
    /// So often others may start before the first, and no more.
    private static let patience = 16
    /// So long at least others may.
    private static let shortestPatience = Duration.seconds(600)

    /// What is set aside for an attempt.
    struct Reservation {
        /// What counts in the ledger.
        var held: ByteSize?
        /// What is enforced.
        var limit: ByteSize?
        var isShare = false
    }

    mutating func start(at now: Instant, _ effects: inout [Effect]) {
        guard !isGathering else { return }
        if let held = heldUntil {
            guard held <= now else { return }
            heldUntil = nil
            isUnsettled = true
        }
        if let pressed = pressedUntil {
            guard active.isEmpty || pressed <= now else { return }
            pressedUntil = nil
            isUnsettled = true
        }
        guard isUnsettled else { return }
        isUnsettled = false
        while let head = queue.first, ledger.freeSlotCount > 0, mayStart(at: now), !mustLetPass(head) {
            if jobs[head]?.headSince == nil { jobs[head]?.headSince = now }
            let company = Company(active)
            if let start = fitting(head, beside: company) {
                launch(head, start, at: now, &effects)
            } else if let follower = backfill(behind: head, beside: company, at: now) {
                jobs[head]?.bypasses += 1
                launch(follower.id, follower.start, at: now, &effects)
            } else {
                guard resolveBlocked(head, &effects) else { return }
            }
            if heldUntil != nil { return }
        }
    }

    /// Whether anything may start at all. When nothing runs, the first always may: nobody else holds anything.
    private func mayStart(at now: Instant) -> Bool {
        guard let ladder else { return true }
        return active.isEmpty || (active.count < ladder.workers && ladder.admits(at: now))
    }

    typealias Start = (grant: Grant, reservation: Reservation)

    /// The attempts that a job would run beside.
    private struct Company {
        var count = 0
        var hasSolo = false
        /// How many may run at most while these do.
        var most = Int.max

        init(_ attempts: some Sequence<ActiveAttempt>) {
            for attempt in attempts {
                count += 1
                hasSolo = hasSolo || attempt.isSolo
                most = min(most, attempt.workerLimit ?? .max)
            }
        }

        func admits(_ job: WaitingJob) -> Bool {
            count == 0 || !job.isSolo && !hasSolo && count < min(most, job.workerLimit ?? .max)
        }
    }

    /// What the job would get if it started now; nil when it does not fit.
    private func fitting(_ id: JobID, beside company: Company) -> Start? {
        guard let job = jobs[id], company.admits(job) else { return nil }
        let reservation = reservation(for: job)
        guard var grant = ledger.place(job.demand, reserving: reservation.held) else { return nil }
        grant.memory = reservation.limit
        grant.memoryIsShare = reservation.isShare && reservation.limit != nil
        if let held = reservation.held, let limit = reservation.limit, held < limit { grant.reserved = held }
        grant.isFallback = job.isFallback
        grant.phase = job.phase
        return (grant, reservation)
    }

    // MARK: Memory

    /// What the next attempt takes at least, whatever is learned until then.
    func leastMemory(of job: WaitingJob) -> ByteSize {
        let demand = job.demand
        guard let memory = demand.memory else { return ByteSize(0) }
        return ladder == nil ? memory : min(memory, demand.need ?? memory)
    }

    /// What is reserved for the next attempt: the job's own limit, else what was learned or raised, else its estimate,
    /// else its share of an enforced budget.
    func reservation(for job: WaitingJob) -> Reservation {
        let demand = job.demand
        if let memory = demand.memory {
            let held = ladder == nil || job.postponements > 1 ? memory : demand.need ?? memory
            return Reservation(held: held, limit: memory)
        }
        guard var estimate = estimate(for: job) else { return Reservation() }
        // What was declared fits on the nodes of a slot, or was refused; what we chose ourselves must as well.
        let node = ledger.mostMemory(for: demand)
        if let budget = configuration.budget {
            let room = ByteSize(budget.bytes - min(budget.bytes, ledger.leftBehind.bytes))
            estimate = min(estimate, budget)
            // What was declared must fit; what we chose ourselves can be somewhat less.
            let most = job.raised == nil && demand.need != nil ? budget : max(room, ByteSize(estimate.bytes / 2))
            estimate = min(job.isSolo && configuration.sharesBudget ? max(estimate, room) : estimate, most)
        }
        if let node { estimate = min(estimate, node) }
        guard configuration.sharesBudget else { return Reservation(held: estimate) }
        guard ladder != nil, job.postponements < 2, let budget = configuration.budget else {
            return Reservation(held: estimate, limit: estimate, isShare: true)
        }
        let limit = ByteSize(min(estimate.bytes > budget.bytes / 2 ? budget.bytes : estimate.bytes * 2, budget.bytes))
        return Reservation(held: typical(for: job).map { min($0, estimate) } ?? estimate, limit: limit, isShare: true)
    }

    /// What counts for a job in a packed pool, where something is learned: among many, those that need more than is
    /// typical take what others leave, and a job that was taken back is not trusted again.
    private func typical(for job: WaitingJob) -> ByteSize? {
        guard policy.learnsMemory, job.raised == nil, job.postponements == 0, !job.isSolo else { return nil }
        let demand = job.demand
        return demand.category.flatMap {
            memoryModel.typical(category: $0, program: demand.program, size: demand.size)
        }
    }

    private func estimate(for job: WaitingJob) -> ByteSize? {
        let demand = job.demand
        if let raised = job.raised { return raised.roundedUpToMebibyte }
        let share = configuration.sharesBudget ? share : nil
        guard demand.need != nil || share != nil else { return nil }
        if policy.learnsMemory, let category = demand.category,
            let learned = memoryModel.estimate(
                category: category, program: demand.program, size: demand.size, declared: demand.need)
        {
            return learned.roundedUpToMebibyte
        }
        return demand.need ?? share
    }

    private var share: ByteSize? {
        configuration.budget.map { budget in
            let equal = budget.bytes / UInt64(max(1, configuration.slots.count))
            return ByteSize(max(equal, policy.leastShare?.bytes ?? 0))
        }
    }

    // MARK: Backfill

    /// The first job behind `head` that can start now and does not delay it.
    private func backfill(
        behind head: JobID, beside company: Company, at now: Instant
    ) -> (id: JobID, start: Start)? {
        guard !active.isEmpty, let job = jobs[head], !isStarving(job, at: now) else { return nil }
        guard let then = whenFits(job, at: now) else { return nil }
        let needed = reservation(for: job).held
        for id in queue.followers(Self.depth, within: ledger.freeMemory) {
            guard let candidate = jobs[id], let start = fitting(id, beside: company) else { continue }
            let end = timeModel.expectation(for: candidate.demand).map { now.advanced(by: $0) }
            if let end, let instant = then.instant, end <= instant { return (id, start) }
            // It may still run then: both must fit.
            var ledger = then.ledger
            ledger.take(start.grant, for: candidate.demand, reserving: start.reservation.held)
            let fitsBeside =
                !candidate.isSolo && !job.isSolo
                && then.company.count + 1
                    < min(job.workerLimit ?? .max, candidate.workerLimit ?? .max, then.company.most)
            if fitsBeside, ledger.place(job.demand, reserving: needed) != nil { return (id, start) }
        }
        return nil
    }

    private func isStarving(_ job: WaitingJob, at now: Instant) -> Bool {
        if job.bypasses >= Self.patience { return true }
        let expected = timeModel.expectation(for: job.demand).map { $0 * 2 } ?? .zero
        return now.since(job.headSince ?? now) >= max(Self.shortestPatience, expected)
    }

    /// When the job will fit if nothing else starts, and who still runs then. The instant is nil when it cannot be
    /// told; the job itself is not in the ledger.
    private func whenFits(_ job: WaitingJob, at now: Instant) -> (instant: Instant?, ledger: Ledger, company: Company)?
    {
        let held = reservation(for: job).held
        var ledger = ledger
        // What should have ended already says nothing about when it will.
        func end(_ attempt: ActiveAttempt) -> Instant? { attempt.expectedEnd.flatMap { $0 > now ? $0 : nil } }
        let order = active.indices.map { (end(active[$0]) ?? .distant, active[$0].id.job, $0) }.sorted { $0 < $1 }
        for (index, (_, _, place)) in order.enumerated() {
            let attempt = active[place]
            ledger.giveBack(attempt.grant, of: attempt.demand, reserved: attempt.held)
            guard ledger.fits(held) else { continue }
            let company = Company(order[(index + 1)...].lazy.map { active[$0.2] })
            if company.admits(job), ledger.place(job.demand, reserving: held) != nil {
                return (end(attempt), ledger, company)
            }
        }
        return nil
    }

    // MARK: Blocked for good

    /// What to do about a first job that does not fit; true when that has changed something.
    private mutating func resolveBlocked(_ head: JobID, _ effects: inout [Effect]) -> Bool {
        guard let job = jobs[head] else { return false }
        if ledger.leftBehind.bytes > 0, leftBehindKnowledge == .stale {
            leftBehindKnowledge = .asked
            effects.append(.measureLeftBehind)
        }
        guard active.isEmpty, leftBehindKnowledge != .asked else { return false }
        // Nothing runs, so nothing will be given back: it would wait for ever.
        let memory = reservation(for: job).held
        var message = "it does not fit in the pool"
        if let memory, let free = ledger.freeMemory, memory > free {
            message = "\(memory) is more than the \(free) that can be reserved"
            if ledger.leftBehind.bytes > 0 {
                let names = leavers.map(\.description).joined(separator: ", ")
                message +=
                    ": \(ledger.leftBehind) are still held by files in memory that ended jobs left behind (\(names));"
                    + " remove them, or let jobs clean up"
            }
        }
        conclude(head, nil, Outcome(.launchError, stage: "admission", message: message), &effects)
        return true
    }

    // MARK: Launching

    private mutating func launch(_ id: JobID, _ start: Start, at now: Instant, _ effects: inout [Effect]) {
        guard var job = jobs[id] else { return }
        queue.remove(id, job.rank)
        ledger.take(start.grant, for: job.demand, reserving: start.reservation.held)
        job.attempts += 1
        job.state = .active
        job.headSince = nil
        jobs[id] = job
        let demand = job.demand
        let cpus = Double(max(1, start.grant.cpus?.count ?? configuration.cpus.count))
        var grant = start.grant
        grant.oomScore = ladder == nil ? nil : Self.oomScore(demand, isOldest: active.isEmpty)
        let attempt = ActiveAttempt(
            AttemptID(job: id, number: job.attempts), demand, grant,
            parallelism: min(cpus, demand.cpuQuota ?? cpus), reserved: start.reservation.held,
            workerLimit: job.workerLimit, isSolo: job.isSolo,
            expectedEnd: timeModel.expectation(for: demand).map { now.advanced(by: $0) },
            at: now)
        active.append(attempt)
        if let group = demand.group { for id in groups.start(group, at: now) { effects.append(.groupStarted(id)) } }
        effects.append(.launch(attempt.id, grant))
        if demand.startDelay > .zero { heldUntil = now.advanced(by: demand.startDelay) }
        ladder?.began(at: now)
    }
}

extension Instant {
    /// Later than anything.
    fileprivate static let distant = Instant(nanoseconds: .max)
}

extension ByteSize {
    fileprivate var roundedUpToMebibyte: ByteSize {
        let (sum, isBeyond) = bytes.addingReportingOverflow((1 << 20) - 1)
        return isBeyond ? self : ByteSize((sum >> 20) << 20)
    }
}
