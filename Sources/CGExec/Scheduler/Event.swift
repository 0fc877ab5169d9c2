/// Everything the scheduler can learn.
enum Event: Sendable {
    /// A new job, with the number it got.
    case submitted(JobID, Demand)
    /// The attempt's program runs; `started` is the instant of its clone.
    case launched(AttemptID, started: Instant)
    /// The CPU time of the attempt's tree so far.
    case cpuUsed(AttemptID, Duration)
    /// The attempt wrote more than allowed.
    case outputExceeded(AttemptID)
    /// The attempt reached its number of processes.
    case pidsExceeded(AttemptID)
    /// Nothing of the attempt is left; `at` is when its main process ended, where that was before.
    case ended(AttemptID, AttemptStatus, culprit: Outcome.Culprit?, at: Instant? = nil)
    /// The user wants the job ended, or not started.
    case cancel(JobID)
    /// The user, or the end of the pool, wants everything ended; what runs gets its grace.
    case cancelAll
    /// Everything is to end at once.
    case killAll
    /// The instant of `nextDeadline` has come.
    case wake
}

/// Everything the scheduler can ask for.
enum Effect: Sendable, Hashable {
    /// Start an attempt with what it was granted.
    case launch(AttemptID, Grant)
    /// Ask the attempt's main process to end.
    case terminate(AttemptID)
    /// End the attempt's tree.
    case kill(AttemptID)
    /// Report the attempt's CPU time.
    case measureCPU(AttemptID)
    /// The job is done; `attempt` is nil when it never started.
    case finish(JobID, AttemptID?, Outcome)
}
