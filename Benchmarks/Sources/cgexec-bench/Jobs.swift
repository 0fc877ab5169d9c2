import CGExec

/// A program that does nothing, with the pool's own streams: the floor opens none either.
func trueJob(limits: Limits = Limits(), capturing: Bool = false) -> Job {
    capturing
        ? Job("true", ["/bin/true"], limits: limits)
        : Job("true", ["/bin/true"], limits: limits, stdin: .inherit, stdout: .inherit, stderr: .inherit)
}

extension Pool {
    /// Submits so many jobs at once and waits for all.
    func run(_ count: Int, _ job: Job) async throws {
        for record in try await map(0..<count, { _ in job }) { try record.check() }
    }

    /// Submits each job when the one before has its record.
    func runOneByOne(_ count: Int, _ job: Job) async throws {
        for _ in 0..<count { try await submit(job).record.check() }
    }
}

extension Record {
    fileprivate func check() throws {
        guard outcome.kind == .ok else { throw Failure("a job ended with \(outcome.kind): \(outcome.message ?? "")") }
    }
}
