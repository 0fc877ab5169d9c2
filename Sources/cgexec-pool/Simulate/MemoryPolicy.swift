import CGExec

/// A rule for how much memory the next attempt gets. All figures are bytes.
protocol MemoryPolicy {
    /// What a job's first attempt gets.
    func reservation(for job: TraceJob) -> Double
    /// What the next attempt gets after one that ended at `limit`, the `attempt`-th from 1.
    func next(for job: TraceJob, after limit: Double, attempt: Int) -> Double
    /// An attempt ended at its limit.
    mutating func learn(_ job: TraceJob, endedAt limit: Double)
    /// A job ran to its end.
    mutating func learn(_ job: TraceJob)
}

extension MemoryPolicy {
    func next(for job: TraceJob, after limit: Double, attempt: Int) -> Double { 2 * limit }
    mutating func learn(_ job: TraceJob, endedAt limit: Double) {}
    mutating func learn(_ job: TraceJob) {}
}

/// What was asked for.
struct DeclaredPolicy: MemoryPolicy {
    func reservation(for job: TraceJob) -> Double { job.declared }
}

/// What the job will need, as nobody can know it.
struct PerfectPolicy: MemoryPolicy {
    func reservation(for job: TraceJob) -> Double { job.peak }
}

/// What CGExec does.
struct LearnedPolicy: MemoryPolicy {
    let memory: ByteSize
    private var model = MemoryModel()

    init(memory: ByteSize) { self.memory = memory }

    func reservation(for job: TraceJob) -> Double {
        let declared = ByteSize(UInt64(job.declared))
        let estimate = model.estimate(category: job.category, size: job.size, declared: declared)
        return Double((estimate ?? declared).bytes)
    }

    func next(for job: TraceJob, after limit: Double, attempt: Int) -> Double {
        Double(
            model.afterFailure(
                category: job.category, size: job.size, limit: ByteSize(UInt64(limit)), attempt: attempt,
                declared: ByteSize(UInt64(job.declared)), budget: memory
            ).bytes)
    }

    mutating func learn(_ job: TraceJob, endedAt limit: Double) {
        model.learn(.init(category: job.category, size: job.size, bytes: UInt64(limit), isCensored: true))
    }

    mutating func learn(_ job: TraceJob) {
        model.learn(.init(category: job.category, size: job.size, bytes: UInt64(job.peak)))
    }
}
