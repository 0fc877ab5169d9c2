/// What the memory of the pool and its leaves tells: when it is asked, and by itself.
extension LinuxKernel {
    func measureMemory() {
        guard let need = place.memoryNeed else { return }
        let leaves = attempts.values.compactMap { attempt in
            attempt.leaf?.memoryNeed.map { MemoryReading.Attempt(id: attempt.plan.attempt, need: ByteSize($0.total)) }
        }
        let order = leaves.sorted { ($0.id.job, $0.id.number) < ($1.id.job, $1.id.number) }
        deliver(.memory(MemoryReading(need: ByteSize(need.total), attempts: order)), now)
    }

    func measureLeftBehind() {
        guard let pool = place.memoryNeed else { return }
        // The counters of live leaves are read one after another while these change, but hardly in so short a time.
        let live = attempts.values.reduce(0) { $0 + ($1.leaf?.memoryNeed?.shared ?? 0) }
        deliver(.leftBehind(ByteSize(pool.shared - min(pool.shared, live))), now)
    }

    func listenToPool() {
        alarm = place.alarm(
            on: reactor,
            leaves: { [unowned self] in
                attempts.compactMapValues { $0.leaf?.stall }
            }, onPressure: { [unowned self] in deliver(.pressure, now) },
            onLimit: { [unowned self] in deliver(.poolAtLimit, now) })
    }

    func watchThrashing(of attempt: RunningAttempt, _ limit: ThrashLimit) throws(KernelError) {
        let id = attempt.plan.attempt
        guard attempt.leaf != nil else { return }
        attempt.thrashWatch = try attempt.leaf?.watchThrashing(limit, on: reactor) { [unowned self] in
            if let attempt = attempts[id], !attempt.hasEnded { deliver(.thrashed(id), now) }
        }
    }
}
