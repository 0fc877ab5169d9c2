import Synchronization

/// A value to come. The pool lets go of it when it is set, so that finished jobs cost nothing to a pool that lives long.
final class Promise<Value: Sendable>: Sendable {
    private enum State {
        case awaited([CheckedContinuation<Value, Never>])
        case set(Value)
    }

    private let state = Mutex(State.awaited([]))

    func set(_ value: Value) {
        let waiters = state.withLock { state in
            defer { state = .set(value) }
            if case .awaited(let waiters) = state { return waiters }
            return []
        }
        for waiter in waiters { waiter.resume(returning: value) }
    }

    /// The value, if it has come.
    var current: Value? { state.withLock { if case .set(let value) = $0 { value } else { nil } } }

    /// The value, waited for.
    var value: Value {
        get async {
            await withCheckedContinuation { waiter in
                let value: Value? = state.withLock { state in
                    switch state {
                    case .set(let value): return value
                    case .awaited(let waiters):
                        state = .awaited(waiters + [waiter])
                        return nil
                    }
                }
                if let value { waiter.resume(returning: value) }
            }
        }
    }
}
