extension Outcome {
    /// The outcome of an attempt: our own reason to end it counts first, then the OOM killer's, then the program's.
    init(_ status: AttemptStatus, endedFor cause: Kind?, culprit: Culprit?, memory: ByteSize?) {
        if let cause {
            self.init(cause)
            message = cause == .cancelled ? "it was cancelled while it ran" : nil
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

    private static func memoryMessage(_ culprit: Culprit?, _ memory: ByteSize?) -> String {
        switch culprit {
        case .job: "it reached its memory limit" + (memory.map { " of \($0)" } ?? "")
        case .pool: "it reached the pool's memory limit" + (memory.map { ", of which its share was \($0)" } ?? "")
        case .ancestor: "a memory limit above the pool was reached: see memory.max of the cgroups above"
        case .host, nil: "the host ran out of memory"
        }
    }
}
