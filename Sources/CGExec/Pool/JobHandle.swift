/// A job in a pool.
public struct JobHandle: Sendable {
    /// The job's number.
    public let id: JobID
    let pool: Pool
    let end: Promise<End>

    /// What is known when nothing of a job is left.
    struct End: Sendable {
        var record: Record
        var attempts: [Record]
    }

    /// The record of how the job ended, when nothing of it is left; attempts that others follow do not end it.
    /// Cancelling the task that waits for it cancels the job, and still waits for its end.
    public var record: Record {
        get async { await awaitedEnd.record }
    }

    /// The records of all attempts at the job, when nothing of it is left; none when it never started. Cancelling is as
    /// for `record`.
    public var attempts: [Record] {
        get async { await awaitedEnd.attempts }
    }

    private var awaitedEnd: End {
        get async {
            await withTaskCancellationHandler {
                await end.value
            } onCancel: {
                Task { await pool.cancel(id) }
            }
        }
    }
}
