/// An attempt at a job that is about to start.
public struct JobStart: Sendable {
    /// The job's number.
    public let id: JobID
    /// The job, as it is to be started.
    public let job: Job
    /// Which try at the job this is, from 1.
    public let attempt: Int
    /// The slot it runs in, from 0.
    public let slot: Int
}

extension Pool {
    /// Called on the pool's thread before an attempt starts, also before each later one at the same job. What it throws
    /// fails the attempt: outcome `launchError`, stage `onStart`.
    ///
    /// All callbacks get the pool, on whose thread they are, so that they can submit and cancel without waiting. They
    /// hold up the pool while they run.
    public typealias StartCallback = @Sendable (_ pool: isolated Pool, _ start: JobStart) throws -> Void

    /// Called on the pool's thread when nothing of an attempt is left.
    public typealias RecordCallback = @Sendable (_ pool: isolated Pool, _ record: Record) -> Void

    /// Called on the pool's thread when something has happened to a group.
    public typealias GroupCallback = @Sendable (_ pool: isolated Pool, _ group: JobGroup) -> Void

    /// What the pool keeps for a job until it has ended.
    struct Submission {
        var onStart: StartCallback?
        var onDone: RecordCallback?
        var onFinish: RecordCallback?
        /// The groups that it is in, from the outside in.
        var path: [Failures.Step]
        var end = Promise<JobHandle.End>()
        /// Of the attempts that are over.
        var attempts: [Record] = []
    }
}
