extension LinuxKernel {
    /// Writes down what the kernel counted for an attempt, which limits were in force, and how far the figures can be
    /// trusted. To be called when nothing runs in its leaf any more, and the leaf is still there.
    func settleAccounts(of attempt: RunningAttempt, isThrashWatched: Bool) {
        guard var signs = attempt.leaf?.account() else {
            _ = disturbances(of: attempt, Usage())  // nobody asks any more
            if attempt.ending?.started != nil {
                attempt.ending?.enforcement = LeafSettings.withoutLeaf(attempt.plan.leaf)
            }
            return
        }
        attempt.ending?.usage = signs.usage
        attempt.ending?.memory = attempt.leaf?.memoryEvidence(
            before: attempt.oomBefore, after: place.oomCounters?.read() ?? .init())
        if attempt.leaf?.forkFailures() ?? 0 > 0 { attempt.ending?.limitsHit.append("pids") }
        if let settings = attempt.leaf?.settings {
            attempt.ending?.effective = settings.effective
            attempt.ending?.enforcement = settings.enforcement
            attempt.ending?.placement = settings.placement
        }
        if attempt.plan.leaf.thrash != nil {
            attempt.ending?.enforcement["thrash"] = isThrashWatched ? .scheduler : Enforcement.none
        }
        let (reasons, keptPartition) = disturbances(of: attempt, signs.usage)
        signs.disturbances += reasons
        if attempt.plan.leaf.ownsCPUs, let cpus = attempt.plan.leaf.cpus {
            signs.hostNotes = disturbances.notes(on: cpus)
        }
        if keptPartition, place.partitionTrouble == nil { attempt.ending?.placement?.partition = place.partition }
        judge(attempt, signs)
    }

    private func disturbances(of attempt: RunningAttempt, _ usage: Usage) -> (reasons: [String], keptPartition: Bool) {
        guard attempt.plan.leaf.ownsCPUs else { return ([], false) }
        return disturbances.end(attempt.plan.attempt, own: usage.cpuSeconds)
    }

    private func judge(_ attempt: RunningAttempt, _ signs: ValiditySigns) {
        guard let ending = attempt.ending, let started = ending.started else { return }
        var signs = signs
        signs.wallSeconds = ending.ended.since(started).seconds
        signs.wasFrozen = attempt.wasFrozen
        signs.seesMemory = place.controllers.contains("memory")
        signs.hasOwnMemory = attempt.plan.leaf.memoryIsAsked
        signs.hasOwnSwap = attempt.plan.leaf.swap.map { $0.bytes > 0 } ?? false
        signs.hasOwnQuota = attempt.plan.leaf.cpuQuota != nil
        // What took this one is its end, and no disturbance.
        if let memory = ending.memory, memory.killsInLeaf == 0 { signs.oomBeside = memory.oomAtPool + memory.oomAbove }
        attempt.ending?.validity = signs.judgement
    }
}
