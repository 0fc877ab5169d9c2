/// What the pool needs of the world. Two implementations: `LinuxKernel`, and `SimulatedKernel` with a virtual clock.
///
/// A verb never gives a result: what came of it is delivered as an event, with its instant. That is what makes a run
/// replayable.
protocol Kernel: AnyObject {
    /// Receives every event, on the thread that owns the kernel.
    var deliver: (KernelEvent, Instant) -> Void { get set }

    /// The present on the monotonic clock.
    var now: Instant { get }

    /// Finds out which program the job has; `path` is its entry `PATH=…`, if there is one. `identified` follows.
    func identify(_ job: JobID, program: [UInt8], path: [UInt8]?, directory: String?)

    /// Makes a fresh leaf, puts the limits in force, and starts the program in it. `launched` or `ended` follows.
    func launch(_ plan: LaunchPlan)

    /// Asks the main process to end: SIGTERM, and SIGCONT in case it is stopped.
    func terminate(_ attempt: AttemptID)

    /// Ends the whole tree. `ended` follows.
    func kill(_ attempt: AttemptID)

    /// Makes the tree no likelier than this process to be ended when memory runs out.
    func spare(_ attempt: AttemptID)

    /// Reads the tree's CPU time. `cpuUsed` follows.
    func measureCPU(_ attempt: AttemptID)

    /// Reads the memory of the pool and of what runs in it. `memory` follows.
    func measureMemory()

    /// Reads how much memory ended attempts have left behind. `leftBehind` follows.
    func measureLeftBehind()

    /// Sets the instant of the next `wake`, in place of the one set before; nil for none.
    func wake(at instant: Instant?)
}

/// What happened to an attempt, or to the clock.
enum KernelEvent: Sendable {
    /// Which program the job has; nil when that cannot be told.
    case identified(JobID, ProgramVersion?)
    /// The program runs; `started` is the instant of its clone.
    case launched(AttemptID, started: Instant)
    /// The tree's CPU time so far.
    case cpuUsed(AttemptID, Duration)
    /// The tree wrote more than its output limit.
    case outputExceeded(AttemptID)
    /// A fork failed for the number of processes.
    case pidsExceeded(AttemptID)
    /// The tree stalled on memory at its own limit for longer than allowed.
    case thrashed(AttemptID)
    /// The memory of the pool and of what runs in it.
    case memory(MemoryReading)
    /// How much memory ended attempts have left behind, such as files in a tmpfs.
    case leftBehind(ByteSize)
    /// A pressure trigger of the pool fired.
    case pressure
    /// The pool's memory limit was reached.
    case poolAtLimit
    /// Nothing of the attempt is left: no process, no leaf.
    case ended(AttemptID, Ending)
    /// The instant asked for has come.
    case wake
}

/// Everything needed to start one attempt.
struct LaunchPlan: Sendable {
    var attempt: AttemptID
    /// The program and its arguments. Bytes, not texts: the file names of a command line may be in any encoding.
    var command: [[UInt8]]
    /// `KEY=value`, in bytes.
    var environment: [[UInt8]]
    var directory: String?
    var stdin: Job.Input
    var stdout: Job.Output
    var stderr: Job.Output
    /// The most bytes on both output streams together.
    var outputLimit: ByteSize?
    var leaf: LeafPlan
    var files: Int?
    var core: ByteSize?
    var session: Session
    /// How much likelier than this process it is to be ended when memory runs out, from 0 to 1000; nil leaves that alone.
    var oomScore: Int?
    /// What becomes of the files of stdout and stderr, which have their longer names, when it does not succeed; nil where they
    /// are those that are meant.
    var partialOutput: PartialOutput?

    /// Which session and process group the program gets.
    enum Session: Sendable {
        /// The caller's, as if we were not there; open descriptors are passed on too.
        case inherit
        /// The caller's session but a group of its own, so that a signal to our group reaches it once, through us.
        case group
        /// A session of its own, without a terminal.
        case new
    }
}

/// The limits of one leaf, as numbers.
struct LeafPlan: Sendable, Hashable {
    var memory: ByteSize?
    /// Whether that is what the job asked for, and not an estimate or its share of the budget.
    var memoryIsAsked = false
    var swap: ByteSize?
    var cpus: CPUSet?
    var mems: CPUSet?
    /// Whether nobody else is to use these CPUs.
    var ownsCPUs = false
    var cpuQuota: Double?
    var cpuWeight: Int?
    var pids: Int?
    var watchPids = false
    var io: [IOLimit] = []
    var thrash: ThrashLimit?
    var delegate = false
}

/// How an attempt ended, as far as the kernel can tell.
struct Ending: Sendable {
    var status: AttemptStatus
    /// The clone into the leaf; nil when it did not come to that.
    var started: Instant?
    /// The end of the main process.
    var ended: Instant
    var memory: MemoryEvidence?
    var limitsHit: [String] = []
    var usage: Usage?
    var effective: [String: String] = [:]
    var placement: Record.Placement?
    var enforcement: [String: Enforcement] = [:]
    var notes: [String] = []
    /// How far its figures can be trusted; nil where nothing tells.
    var validity: Record.Validity?
    /// What was seen while it ran; nil where nobody asked.
    var samples: Record.Samples?
    var stdout: Record.Stream?
    var stderr: Record.Stream?
}
