/// Everything the scheduler can learn.
enum Event: Sendable {
    /// A new group, with the number it got.
    case opened(JobGroupID, GroupPlan)
    /// Nothing more will be added to the group.
    case sealed(JobGroupID)
    /// Much is about to be submitted: nothing starts until `release`, when all of it is known.
    case hold
    case release
    /// A new job, with the number it got.
    case submitted(JobID, Demand)
    /// Which program the job has; nil when that cannot be told.
    case identified(JobID, ProgramVersion?)
    /// The attempt's program runs; `started` is the instant of its clone.
    case launched(AttemptID, started: Instant)
    /// The CPU time of the attempt's tree so far.
    case cpuUsed(AttemptID, Duration)
    /// The attempt wrote more than allowed.
    case outputExceeded(AttemptID)
    /// The attempt reached its number of processes.
    case pidsExceeded(AttemptID)
    /// The attempt stalled on memory, at its own limit, for longer than allowed.
    case thrashed(AttemptID)
    /// The attempt's program ended by itself, at this instant, and what it wrote gets its names: what is noticed from now on does
    /// not change how it ended.
    case settled(AttemptID, at: Instant)
    /// Nothing of the attempt is left.
    case ended(AttemptID, AttemptEnd)
    /// The memory of the pool and of what runs in it.
    case memory(MemoryReading)
    /// A pressure trigger of the pool fired.
    case pressure
    /// The pool's own memory limit was reached.
    case poolAtLimit
    /// How much memory ended jobs have left behind.
    case leftBehind(ByteSize)
    /// The user wants the job ended, or not started.
    case cancel(JobID)
    /// The user wants everything in the group ended, or not started.
    case cancelGroup(JobGroupID)
    /// The user wants everything ended; what runs gets its grace. What is submitted later is taken in.
    case cancelAll
    /// The pool ends: as `cancelAll`, and nothing is taken in any more.
    case close
    /// Everything is to end at once, and nothing is taken in any more.
    case killAll
    /// The instant of `nextDeadline` has come.
    case wake
}

/// How an attempt ended.
struct AttemptEnd: Sendable, Hashable {
    var status: AttemptStatus
    /// Whose limit the OOM killer enforced.
    var culprit: Outcome.Culprit?
    /// When its main process ended, where that was before the event.
    var at: Instant?
    /// The most memory that it needed, as far as can be told: without the page cache.
    var need: ByteSize?
    /// What stays charged to the pool now that it is gone, such as files in a tmpfs.
    var leftBehind = ByteSize(0)
    /// Whether what it wrote asks for another try.
    var asksForRetry = false
    /// Whether it did not run under the conditions that it was promised.
    var isInvalid = false
}

/// Everything the scheduler can ask for.
enum Effect: Sendable, Hashable {
    /// Start an attempt with what it was granted.
    case launch(AttemptID, Grant)
    /// Ask the attempt's main process to end.
    case terminate(AttemptID)
    /// End the attempt's tree.
    case kill(AttemptID)
    /// Let the kernel end others before the attempt when the pool's memory runs out.
    case spare(AttemptID)
    /// Find out which program the job has.
    case identify(JobID)
    /// Report the attempt's CPU time.
    case measureCPU(AttemptID)
    /// Report the memory of the pool and of what runs in it.
    case measureMemory
    /// Report what ended jobs have left behind.
    case measureLeftBehind
    /// The attempt is over and there will be another.
    case retry(AttemptID, Outcome)
    /// The job is done; `attempt` is nil when it never started.
    case finish(JobID, AttemptID?, Outcome)
    /// A job of the group, or of a group in it, starts for the first time.
    case groupStarted(JobGroupID)
    /// The group is sealed and everything in it is done.
    case groupFinished(JobGroupID, GroupCounts)
    /// An attempt showed how much memory such a job needs.
    case learned(MemoryModel.Sample)
    /// Something to be said in the job's record.
    case note(JobID, String)
}
