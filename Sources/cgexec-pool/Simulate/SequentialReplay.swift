import CGExec

/// What a policy made of a trace.
struct PolicyResult: Sendable, Equatable, Codable {
    var attempts = 0
    var killedAttempts = 0
    /// Memory that was reserved and not used, and all that was reserved for attempts that were killed.
    var wastedGiBHours = 0.0
    /// The same if every job had got what was declared, at once.
    var declaredWastedGiBHours = 0.0
    /// How long all of it took.
    var makespanSeconds = 0.0
    /// No policy takes less time.
    var lowerBoundSeconds = 0.0

    /// How much less, or more, was wasted than with what was declared.
    var change: Double? {
        declaredWastedGiBHours == 0 ? nil : wastedGiBHours / declaredWastedGiBHours - 1
    }

    static func + (left: PolicyResult, right: PolicyResult) -> PolicyResult {
        PolicyResult(
            attempts: left.attempts + right.attempts,
            killedAttempts: left.killedAttempts + right.killedAttempts,
            wastedGiBHours: left.wastedGiBHours + right.wastedGiBHours,
            declaredWastedGiBHours: left.declaredWastedGiBHours + right.declaredWastedGiBHours,
            makespanSeconds: left.makespanSeconds + right.makespanSeconds,
            lowerBoundSeconds: left.lowerBoundSeconds + right.lowerBoundSeconds)
    }
}

/// One job after another, each again until it gets through, beginning with a policy that knows nothing. An attempt that
/// needs more than it got is killed at its end: it costs as much as possible.
func replay(_ trace: Trace, _ name: PolicyName, memory: ByteSize) -> PolicyResult {
    let gibHour = 0x1p30 * 3600
    let all = Double(memory.bytes)
    var result = PolicyResult()
    guard var policy = name.policy(memory: memory) else { return result }
    for job in trace.jobs {
        var reserved = min(policy.reservation(for: job), all)
        var failures = 0
        while job.peak > reserved {
            failures += 1
            result.wastedGiBHours += reserved * job.seconds / gibHour
            policy.learn(job, endedAt: reserved)
            // Whatever the policy says, an attempt that gets no more than the last one would end like it.
            let next = policy.next(for: job, after: reserved, attempt: failures)
            reserved = min(next > reserved ? next : 2 * reserved, all)
        }
        policy.learn(job)
        result.attempts += failures + 1
        result.killedAttempts += failures
        result.wastedGiBHours += (reserved - job.peak) * job.seconds / gibHour
        result.declaredWastedGiBHours += (max(job.declared, job.peak) - job.peak) * job.seconds / gibHour
        result.makespanSeconds += Double(failures + 1) * job.seconds
        result.lowerBoundSeconds += job.seconds
    }
    return result
}
