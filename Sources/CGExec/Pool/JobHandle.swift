import Synchronization

/// A job in a pool.
public struct JobHandle: Sendable {
    /// The job's number.
    public let id: JobID
    let pool: Pool
    let result: Result

    /// The record, when nothing of the job is left. Cancelling the task that waits for it cancels the job, and still
    /// waits for its end.
    public var record: Record {
        get async {
            await withTaskCancellationHandler {
                await result.value
            } onCancel: {
                Task { await pool.cancel(id) }
            }
        }
    }

    /// A record to come. The pool lets go of it when it is set, so that finished jobs cost nothing to a pool that
    /// lives long.
    final class Result: Sendable {
        private enum State {
            case awaited([CheckedContinuation<Record, Never>])
            case set(Record)
        }

        private let state = Mutex(State.awaited([]))

        func set(_ record: Record) {
            let waiters = state.withLock { state in
                defer { state = .set(record) }
                if case .awaited(let waiters) = state { return waiters }
                return []
            }
            for waiter in waiters { waiter.resume(returning: record) }
        }

        var value: Record {
            get async {
                await withCheckedContinuation { waiter in
                    let record: Record? = state.withLock { state in
                        switch state {
                        case .set(let record): return record
                        case .awaited(let waiters):
                            state = .awaited(waiters + [waiter])
                            return nil
                        }
                    }
                    if let record { waiter.resume(returning: record) }
                }
            }
        }
    }
}
