/// Programs of which everything is known before, on a machine of the imagination: what the pool would make of them.
package struct Rehearsal {
    /// One program: what the scheduler is told of it, and what it really does.
    package struct Program: Sendable {
        /// Nil where it learns from nobody.
        package var category: String?
        package var size: Double
        package var declared: ByteSize
        package var peak: ByteSize
        package var duration: Duration
        /// Which programs it comes after, from 0; all of them are before it.
        package var after: [Int] = []
        /// Higher ones start first.
        package var priority = 0

        /// A program that needs up to `peak`, more and more over the whole of its `duration`.
        package init(category: String?, size: Double, declared: ByteSize, peak: ByteSize, duration: Duration) {
            self.category = category
            self.size = size
            self.declared = declared
            self.peak = peak
            self.duration = duration
        }
    }

    /// One attempt at a program.
    package struct Attempt: Sendable {
        /// Which one, from 0.
        package var program: Int
        /// When, in seconds after the beginning.
        package var started: Double
        package var ended: Double
        /// What was reserved for it.
        package var memory: ByteSize
        /// Whether it was killed for memory.
        package var isKilled: Bool
        /// In which slot it ran, from 0.
        package var slot: Int

        /// An attempt that has just started.
        package init(program: Int, started: Double, memory: ByteSize, slot: Int) {
            self.program = program
            self.started = started
            self.ended = started
            self.memory = memory
            self.isKilled = false
            self.slot = slot
        }
    }

    /// Submits all at once to a pool that holds its jobs to their memory, each on a core of its own; the attempts in the
    /// order of their ends.
    /// - Parameters:
    ///   - mode: whether memory may be promised twice.
    ///   - learns: whether the pool learns from those that ended what others will need.
    package static func run(
        _ programs: [Program], cores: Int, memory: ByteSize, mode: Mode = .strict, learns: Bool
    ) -> [Attempt] {
        let kernel = SimulatedKernel { plan in
            let program = programs[plan.attempt.job.number - 1]
            return SimulatedKernel.Program(duration: program.duration, peakMemory: program.peak)
        }
        var policy = Policy()
        policy.mode = mode
        policy.learnsMemory = learns
        let start = kernel.now
        let pool = PoolCore(
            kernel: kernel,
            Scheduler.Configuration(
                slots: Array(repeating: Slot(), count: cores), cpus: CPUSet(0..<cores), budget: memory,
                sharesBudget: true, policy: policy),
            PoolCore.Surroundings(epoch: (Timestamp(nanosecondsSinceEpoch: 0), start)))
        var running: [AttemptID: Attempt] = [:]
        var attempts: [Attempt] = []
        pool.onDecision = { event, effects, now in
            if case .ended(let id, let end) = event, var attempt = running.removeValue(forKey: id) {
                attempt.ended = now.since(start).seconds
                attempt.isKilled = end.status != .exited(0)
                attempts.append(attempt)
            }
            for case .launch(let id, let grant) in effects {
                running[id] = Attempt(
                    program: id.job.number - 1, started: now.since(start).seconds,
                    memory: grant.reserved ?? grant.memory ?? memory, slot: grant.slot)
            }
        }
        pool.together {
            for program in programs {
                var limits = Limits()
                limits.need = .size(program.declared)
                var job = Job("", ["program"], limits: limits, category: program.category, size: program.size)
                job.after = program.after.map { .job(JobID($0 + 1)) }
                job.priority = program.priority
                _ = pool.submit(job)
            }
        }
        kernel.run()
        return attempts
    }
}
