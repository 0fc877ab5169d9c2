/// What the memory of the pool and its leaves tells: when it is asked, and by itself.
extension LinuxKernel {
    func measureMemory() {
        guard let need = place.memoryNeed else { return lookAgain { $0.measureMemory() } }
        let leaves = attempts.values.compactMap { attempt in
            attempt.leaf?.memoryNeed.map { MemoryReading.Attempt(id: attempt.plan.attempt, need: ByteSize($0.total)) }
        }
        let order = leaves.sorted { ($0.id.job, $0.id.number) < ($1.id.job, $1.id.number) }
        deliver(.memory(MemoryReading(need: ByteSize(need.total), attempts: order)), now)
    }

    func measureLeftBehind() {
        // The counters of live leaves are read one after another while these change, but hardly in so short a time. What
        // one that cannot be read holds must not be taken for left behind.
        let live = attempts.values.compactMap { attempt in
            attempt.leaf == nil ? 0 : attempt.leaf?.memoryNeed?.shared
        }
        guard let pool = place.memoryNeed, live.count == attempts.count else {
            return lookAgain { $0.measureLeftBehind() }
        }
        deliver(.leftBehind(ByteSize(pool.shared - min(pool.shared, live.reduce(0, +)))), now)
    }

    /// Without a free descriptor nothing can be read. A question that stayed unanswered would never be asked again, and
    /// jobs would wait for the answer; without the controller there will be none.
    private func lookAgain(_ measure: @escaping (LinuxKernel) -> Void) {
        guard place.controllers.contains("memory") else { return }
        _ = reactor.schedule(at: now.advanced(by: Self.secondLook)) { [weak self] in
            if let self { measure(self) }
        }
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
