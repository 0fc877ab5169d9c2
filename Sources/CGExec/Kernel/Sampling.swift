/// Curves of what attempts use while they run, where they were asked for. Nothing decides by them: limits, peaks and sums
/// are the kernel's.
extension LinuxKernel {
    /// A record has no more samples than this: when there are, every second goes, and the others come half as often.
    private static let mostSamples = 1000

    /// Looks at the attempt's leaf in every interval from its start on.
    func beginSampling(_ attempt: RunningAttempt) {
        guard let interval = sampling, attempt.leaf != nil, let started = attempt.ending?.started else { return }
        attempt.ending?.samples = Record.Samples()
        sample(attempt.plan.attempt, from: started, at: started.advanced(by: interval), every: interval)
    }

    private func sample(_ id: AttemptID, from started: Instant, at due: Instant, every interval: Duration) {
        _ = reactor.schedule(at: due) { [weak self] in
            guard let self, let attempt = attempts[id], attempt.pidfd != nil else { return }
            let isFull = attempt.addSample(after: now.since(started), most: Self.mostSamples)
            let interval = isFull ? interval * 2 : interval
            // From the last due time, so that lateness does not add up; what was missed is left out, and not made up for.
            let next = due.advanced(by: interval)
            sample(id, from: started, at: next > now ? next : now.advanced(by: interval), every: interval)
        }
    }
}

extension RunningAttempt {
    /// Adds what the leaf uses now; true where the samples had to be thinned out.
    fileprivate func addSample(after time: Duration, most: Int) -> Bool {
        guard var samples = ending?.samples else { return false }
        // One that lacks a figure would shift the others against the time.
        let (memory, cpu) = (leaf?.memoryNow, leaf?.cpuTime)
        let isFirst = samples.seconds.isEmpty
        guard memory != nil || samples.memoryBytes == nil, cpu != nil || samples.cpuSeconds == nil else { return false }
        samples.seconds.append(time.seconds)
        if let memory, isFirst || samples.memoryBytes != nil {
            samples.memoryBytes = (samples.memoryBytes ?? []) + [memory]
        }
        if let cpu, isFirst || samples.cpuSeconds != nil {
            samples.cpuSeconds = (samples.cpuSeconds ?? []) + [cpu.seconds]
        }
        let isFull = samples.seconds.count >= most
        if isFull { samples.thinOut() }
        ending?.samples = samples
        return isFull
    }
}

extension Record.Samples {
    fileprivate mutating func thinOut() {
        func half<Value>(_ values: [Value]) -> [Value] { stride(from: 1, to: values.count, by: 2).map { values[$0] } }
        seconds = half(seconds)
        memoryBytes = memoryBytes.map(half)
        cpuSeconds = cpuSeconds.map(half)
    }
}
