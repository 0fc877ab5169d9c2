import CLinux
import Glibc
import SystemPackage

/// Everything that `LinuxKernel` holds for one attempt, from the making of its leaf to its removal.
final class RunningAttempt {
    let plan: LaunchPlan
    /// Nil where there is no cgroup to work in.
    var leaf: Leaf?
    let oomBefore: OOMCounters.Counts
    let outputBudget: OutputBudget

    var pidfd: Descriptor?
    var pid: Int32?
    var exitWatch: Reactor.Registration?
    var eventsFile: Descriptor?
    var eventsWatch: Reactor.Registration?
    var pidsFile: Descriptor?
    var pidsWatch: Reactor.Registration?

    var stdout: Stream?
    var stderr: Stream?
    /// The ends that the program gets; ours until it runs.
    private var pipes: [Int32] = []
    /// Threads that still copy output.
    var pumping = 0

    var killRequested = false
    /// Signals for the program from before it ran.
    var pendingSignals: [Int32] = []
    var outputExceeded = false
    private var isOutputFinished = false
    var notes: [String] = []
    var ending: Ending?

    enum Stream {
        case captured(CaptureStream, writeEnd: Int32)
        case pumped(PumpedStream, writeEnd: Int32)

        /// What the spawn needs of it.
        var pipe: Spawn.Pipe {
            switch self {
            case .captured(_, let writeEnd): Spawn.Pipe(writeEnd: writeEnd, pump: nil)
            case .pumped(let pump, let writeEnd): Spawn.Pipe(writeEnd: writeEnd, pump: pump)
            }
        }
    }

    init(plan: LaunchPlan, leaf: consuming Leaf?, oomBefore: OOMCounters.Counts) {
        self.plan = plan
        self.leaf = leaf
        self.oomBefore = oomBefore
        outputBudget = OutputBudget(limit: plan.outputLimit)
    }

    deinit { closePipes() }

    /// A new pipe; the attempt keeps the end that the program gets.
    struct Pipe: ~Copyable {
        let readEnd: Descriptor
        let writeEnd: Int32
    }

    /// Makes the pipe of a stream.
    func makePipe() throws(KernelError) -> Pipe {
        var ends: (read: Int32, write: Int32) = (-1, -1)
        let status = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: Int32.self, capacity: 2) { cgx_pipe($0) }
        }
        do throws(Errno) {
            try checked(status)
        } catch {
            throw KernelError(.open, "a pipe", error, cure: "Raise the limit of open files (ulimit -n)")
        }
        pipes.append(ends.write)
        return Pipe(readEnd: Descriptor(owning: ends.read), writeEnd: ends.write)
    }

    /// Closes our copies of the program's ends, so that its streams can end.
    func closePipes() {
        for pipe in pipes { close(pipe) }
        pipes = []
    }

    /// Whether the main process has ended, or will never be.
    var hasEnded: Bool { ending != nil && pidfd == nil }

    var name: String { Subtree.leafPrefix + plan.attempt.description }

    /// Reads and closes the output streams; a copying thread goes on by itself.
    func finishOutput(onExcess: () -> Void) {
        // First the reading, since `onExcess` may look at the ending.
        let output = Self.finish(stdout, plan.stdout, onExcess)
        let error = Self.finish(stderr, plan.stderr, onExcess)
        ending?.stdout = output
        ending?.stderr = error
        isOutputFinished = true
    }

    private static func finish(_ stream: Stream?, _ output: Job.Output, _ onExcess: () -> Void) -> Record.Stream? {
        switch stream {
        case .captured(let capture, _): return capture.finish(onExcess: onExcess)
        case .pumped(let pump, _):
            pump.finish()
            return Record.Stream(path: output.path)
        case nil: return output.path.map { Record.Stream(path: $0) }
        }
    }

    /// The ending, with the bytes that went through the copying threads; once, when they have ended.
    func completeEnding() -> Ending? {
        guard isOutputFinished else { return nil }
        if case .pumped(let pump, _) = stdout { ending?.stdout?.bytes = pump.bytes }
        if case .pumped(let pump, _) = stderr { ending?.stderr?.bytes = pump.bytes }
        return ending
    }
}
