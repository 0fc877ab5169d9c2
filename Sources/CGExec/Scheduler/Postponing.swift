/// Packed mode: what is done when the pool's memory runs short. Starts stop first; then one job at a time is taken back,
/// to run later beside fewer others.
extension Scheduler {
    mutating func askMemory(_ effects: inout [Effect]) {
        ladder?.asked()
        effects.append(.measureMemory)
    }

    mutating func takeReading(_ reading: MemoryReading, at now: Instant, _ effects: inout [Effect]) {
        guard let before = ladder else { return }
        let reserved = ledger.reserved
        let needs = Dictionary(reading.attempts.map { ($0.id, $0.need) }) { first, _ in first }
        for index in active.indices {
            guard let need = needs[active[index].id] else { continue }
            active[index].seenNeed = max(active[index].seenNeed ?? need, need)
            guard let old = active[index].held else { continue }
            // What it was promised counts as taken; what it took beyond that is taken too.
            let held = max(active[index].reserved ?? need, need)
            ledger.change(active[index].grant, of: active[index].demand, from: old, to: held)
            active[index].held = held
        }
        let limits = active.compactMap(\.grant.memory)
        let most = limits.count == active.count ? limits.reduce(ledger.leftBehind) { $0.adding($1) } : nil
        ladder?.take(need: reading.need, most: most, at: now, hasWaiting: !queue.isEmpty)
        while let victim = victim(needs, at: now) {
            let left = active.count { $0.reason == nil } - 1
            ladder?.postponing(victim.id, need: needs[victim.id] ?? ByteSize(0), left: left, at: now)
            end(victim.id, .postponed, at: now, atOnce: true, &effects)
        }
        // Most readings change nothing for those that wait; a look at the queue each time would cost more than the reading.
        let isOpen = ladder?.admits(at: now) ?? false
        if isOpen, !wasOpen || ledger.reserved < reserved || ladder?.workers ?? 0 > before.workers {
            isUnsettled = true
        }
        wasOpen = isOpen
    }

    /// Memory may grow faster than it is read. Then the kernel chooses, and is told to choose as we would: never the
    /// oldest, unmeasured ones first.
    static func oomScore(_ demand: Demand, isOldest: Bool) -> Int {
        isOldest ? 0 : demand.isMeasured ? 500 : 1000
    }

    /// Who is taken back next, if anybody is: never the oldest, so that something always gets done; never one that was
    /// to run alone; unmeasured ones first; then the one whose end loses least work for the memory it frees.
    private func victim(_ needs: [AttemptID: ByteSize], at now: Instant) -> ActiveAttempt? {
        guard let ladder, ladder.wantsVictim(at: now) else { return nil }
        func loss(_ attempt: ActiveAttempt) -> Double {
            let work = now.since(attempt.started).seconds * Double(max(1, attempt.grant.cpus?.count ?? 1))
            return work / Double(max(1, needs[attempt.id]?.bytes ?? 1))
        }
        func order(_ attempt: ActiveAttempt) -> (Int, Double) { (attempt.demand.isMeasured ? 1 : 0, loss(attempt)) }
        return active.dropFirst().filter { $0.reason == nil && !$0.isSolo }.min { left, right in
            let (first, second) = (order(left), order(right))
            // Of two that lose the same, the younger.
            return first == second ? left.id.job > right.id.job : first < second
        }
    }

    /// What becomes of a job that was taken back; until when it waits.
    func postpone(_ job: inout WaitingJob, at now: Instant) -> Instant {
        job.postponements += 1
        job.phase += 1
        // The third time it would only be in the way of others, and they in its.
        job.isSolo = job.isSolo || job.postponements >= 3
        let workers = ladder?.workers ?? configuration.slots.count
        job.workerLimit = max(1, min(workers, configuration.slots.count >> min(job.phase, 30)))
        return now.advanced(by: .seconds(min(60, 1 << min(job.postponements - 1, 10))))
    }

    /// A pressure trigger postpones; it never kills.
    mutating func holdForPressure(at now: Instant) {
        guard ladder != nil else { return }
        pressedUntil = now.advanced(by: .seconds(10))
    }
}

extension ByteSize {
    /// Limits may be as large as one likes; their sum stays within what can be counted.
    fileprivate func adding(_ other: ByteSize) -> ByteSize {
        let (sum, isBeyond) = bytes.addingReportingOverflow(other.bytes)
        return ByteSize(isBeyond ? .max : sum)
    }
}
