extension Outcome {
    /// The stage of a `memory` outcome that no OOM kill caused but a stall at the job's own limit.
    static let thrashStage = "thrash"

    /// The outcome of an attempt: our own reason to end it counts first, then the OOM killer's, then the program's.
    init(_ status: AttemptStatus, endedFor reason: ActiveAttempt.Reason?, culprit: Culprit?, memory: ByteSize?) {
        if let reason {
            self.init(because: reason)
            switch status {
            case .exited(let exit): code = exit
            case .signaled(let number): signal = number
            case .lost, .failed: break
            }
            return
        }
        switch status {
        case .failed(let failure) where culprit == nil:
            self.init(.launchError, stage: failure.stage, errno: failure.errno, message: failure.message)
        case .lost:
            self.init(.lost, message: "another part of this program reaped its process, so its end is not known")
        // The OOM killer takes the whole leaf; a program that ended in another way was not its victim. A limit may also
        // be too small to start anything.
        case .signaled(9) where culprit != nil, .failed:
            self.init(.memory, signal: 9, culprit: culprit)
            message = Self.memoryMessage(culprit, memory)
        case .signaled(let number): self.init(.signal, signal: number)
        case .exited(0): self.init(.ok, code: 0)
        case .exited(let exit): self.init(.exit, code: exit)
        }
    }

    private init(because reason: ActiveAttempt.Reason) {
        switch reason {
        case .timeout: self.init(.timeout)
        case .groupTimeout(let group): self.init(.timeout, stage: "group", message: "the time of \(group) was over")
        case .cpuTimeout: self.init(.cpuTimeout)
        case .output: self.init(.output)
        case .pids: self.init(.pids)
        case .thrash:
            self.init(
                .memory, culprit: .job, stage: Self.thrashStage,
                message: "at its memory limit, it stalled longer than allowed")
        case .cancelled: self.init(.cancelled, message: "it was cancelled while it ran")
        case .halted(let refusal): self.init(.cancelled, cause: refusal.cause, message: refusal.message)
        case .chained(let job):
            self.init(
                .chained, cause: job.id,
                message: "\(job), of the same category and not heavier, failed at a limit that is not smaller")
        case .raised(let job):
            self.init(
                .chained, cause: job.id,
                message: "\(job), of the same category and not heavier, needed more memory than was estimated:"
                    + " it runs again with more")
        case .postponed:
            self.init(.postponed, message: "the pool's memory ran short: it runs again later, beside fewer others")
        }
    }

    private static func memoryMessage(_ culprit: Culprit?, _ memory: ByteSize?) -> String {
        switch culprit {
        case .job: "it reached its memory limit" + (memory.map { " of \($0)" } ?? "")
        case .pool: "it reached the pool's memory limit" + (memory.map { ", of which its share was \($0)" } ?? "")
        case .ancestor: "a memory limit above the pool was reached: see memory.max of the cgroups above"
        case .host, nil: "the host ran out of memory"
        }
    }
}
