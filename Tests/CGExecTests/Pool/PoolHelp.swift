@testable import CGExec

extension Pool {
    /// Submits a job and waits until its program runs.
    @discardableResult
    nonisolated func start(
        _ job: Job, in group: JobGroup? = nil, onFinish: RecordCallback? = nil
    ) async throws -> JobHandle {
        let (starts, tell) = AsyncStream.makeStream(of: JobID.self)
        await tellLaunches(to: tell)
        let handle = try await submit(job, in: group, onFinish: onFinish)
        for await id in starts where id == handle.id { break }
        return handle
    }

    private func tellLaunches(to listener: AsyncStream<JobID>.Continuation) {
        runner?.onStart = { id, _, _ in listener.yield(id) }
    }
}
