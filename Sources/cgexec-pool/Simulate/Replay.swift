import CGExec

/// How a trace is replayed.
enum Replay: Sendable {
    /// One job after another.
    case sequential(memory: ByteSize)
    /// All at once, on so many cores.
    case pool(cores: Int, memory: ByteSize, mode: Mode = .strict)

    var memory: ByteSize {
        switch self {
        case .sequential(let memory), .pool(_, let memory, _): memory
        }
    }

    /// What a job gets that asked for nothing.
    var share: ByteSize {
        switch self {
        case .sequential(let memory): memory
        case .pool(let cores, let memory, _): ByteSize(max(1, memory.bytes / UInt64(max(1, cores))))
        }
    }

    /// What the policy makes of the trace; for a pool also each attempt.
    func run(_ trace: Trace, _ name: PolicyName) -> (result: PolicyResult, attempts: [Rehearsal.Attempt]) {
        switch self {
        case .sequential(let memory): (replay(trace, name, memory: memory), [])
        case .pool(let cores, let memory, let mode): runPool(trace, name, cores: cores, memory: memory, mode: mode)
        }
    }
}

/// All jobs at once in a pool. Attempts that ran are judged as in `replay`: what was reserved and not used is wasted,
/// and all of an attempt that was killed.
private func runPool(
    _ trace: Trace, _ name: PolicyName, cores: Int, memory: ByteSize, mode: Mode
) -> (result: PolicyResult, attempts: [Rehearsal.Attempt]) {
    let programs = trace.jobs.map { job in
        var program = Rehearsal.Program(
            category: job.isAlone ? nil : job.category, size: job.size,
            declared: ByteSize(UInt64(name == .perfect ? max(job.peak, 1) : job.declared)),
            peak: ByteSize(UInt64(job.peak)), duration: .seconds(job.seconds))
        program.after = job.after
        program.priority = job.priority
        return program
    }
    let attempts =
        name == .pyexpool
        ? PyExPool.run(programs, workers: cores, memory: memory)
        : Rehearsal.run(programs, cores: cores, memory: memory, mode: mode, learns: name == .learned)

    let gibHour = 0x1p30 * 3600
    var result = PolicyResult()
    for attempt in attempts {
        let used = attempt.isKilled ? 0 : trace.jobs[attempt.program].peak
        result.attempts += 1
        result.killedAttempts += attempt.isKilled ? 1 : 0
        result.wastedGiBHours += (Double(attempt.memory.bytes) - used) * (attempt.ended - attempt.started) / gibHour
        result.makespanSeconds = max(result.makespanSeconds, attempt.ended)
    }
    for job in trace.jobs {
        result.declaredWastedGiBHours += (max(job.declared, job.peak) - job.peak) * job.seconds / gibHour
    }
    result.lowerBoundSeconds = lowerBound(trace, cores: cores, memory: memory)
    return (result, attempts)
}

/// No pool is done sooner: the longest job has to run, and all of them need their time on a core and in memory.
private func lowerBound(_ trace: Trace, cores: Int, memory: ByteSize) -> Double {
    let longest = trace.jobs.map(\.seconds).max() ?? 0
    let onCores = trace.jobs.reduce(0) { $0 + $1.seconds } / Double(cores)
    let inMemory = trace.jobs.reduce(0) { $0 + $1.seconds * $1.peak } / Double(memory.bytes)
    return max(longest, onCores, inMemory)
}
