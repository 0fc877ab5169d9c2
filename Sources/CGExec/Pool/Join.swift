extension Pool {
    /// Somebody who waits for the pool, and learns whether nothing had to be terminated.
    struct Join {
        var continuation: CheckedContinuation<Bool, Never>
        /// What it still waits for; nil while that is everything.
        var left: Set<JobID>?
        var isGraceful = true
    }

    /// Waits until nothing runs and nothing waits.
    ///
    /// - Parameter timeout: the longest time from the first job that was submitted since the pool was last empty. Then
    ///   everything that is left is ended, with its grace, and this waits for that alone. The pool goes on, and takes new
    ///   jobs.
    /// - Returns: false if anything had to be terminated meanwhile; true also if jobs failed: see `failures`.
    public func join(timeout: Duration? = nil) async -> Bool {
        let number = lastJoin + 1
        let due = timeout.flatMap { busySince?.advanced(by: $0) }
        let timer = due.map { due in
            reactor.schedule(at: due) { [unowned self] in assumeIsolated { $0.terminate(for: number) } }
        }
        defer { if let timer { reactor.cancel(timer) } }
        return await idle()
    }

    @discardableResult
    func idle() async -> Bool {
        lastJoin += 1
        guard !submissions.isEmpty else { return true }
        return await withCheckedContinuation { joins[lastJoin] = Join(continuation: $0) }
    }

    private func terminate(for join: Int) {
        guard joins[join] != nil else { return }  // it has just come to an end
        joins[join]?.left = Set(submissions.keys)
        for number in joins.keys { joins[number]?.isGraceful = false }
        runner?.cancelAll()
    }

    /// Lets those go on who waited for what has come.
    func resumeJoins() {
        for (number, join) in joins where submissions.isEmpty || join.left?.isEmpty == true {
            joins[number] = nil
            join.continuation.resume(returning: join.isGraceful)
        }
    }
}
