import Glibc

/// Everything that `LinuxKernel` holds for one attempt, from the making of its leaf to its removal.
final class RunningAttempt {
    let plan: LaunchPlan
    /// Nil where there is no cgroup to work in.
    var leaf: Leaf?
    let oomBefore: OOMCounters.Counts

    var pidfd: Descriptor?
    var pid: Int32?
    var exitWatch: Reactor.Registration?
    var eventsWatch: ControlWatch?
    var pidsWatches: [ControlWatch] = []
    var thrashWatch: ThrashWatch?

    let output: RunningOutput
    var killRequested = false
    /// Whether it was told to end: then nobody waits long for who should read its output.
    var endRequested = false
    /// Whether it is no longer to be the likelier one to be ended when memory runs out.
    var isSpared = false
    /// Signals for the program from before it ran.
    var pendingSignals: [Int32] = []
    var outputExceeded = false
    var wasFrozen = false
    var notes: [String] = []
    var ending: Ending?

    init(plan: LaunchPlan, leaf: consuming Leaf?, oomBefore: OOMCounters.Counts, output: RunningOutput) {
        self.plan = plan
        self.leaf = leaf
        self.oomBefore = oomBefore
        self.output = output
    }

    /// Whether the main process has ended, or will never be.
    var hasEnded: Bool { ending != nil && pidfd == nil }

    var name: String { Subtree.leafPrefix + plan.attempt.description }

    /// The ending, when nothing is left of the attempt, its output included; nil until then.
    func completeEnding(_ settles: (AttemptID, _ ended: Instant) -> Bool) -> Ending? {
        guard leaf == nil, output.isComplete else { return nil }
        let isNamed = output.settleNames { [self] in
            ending.map { $0.status == .exited(0) && settles(plan.attempt, $0.ended) } ?? false
        }
        guard isNamed else { return nil }
        output.close()
        ending?.stdout = output.record(1)
        ending?.stderr = output.record(2)
        ending?.notes = notes + output.notes
        return ending
    }
}

extension LaunchFailure {
    static let beforeBirth = LaunchFailure(stage: "birth", message: "it was ended before its program started")

    static let noThread = LaunchFailure(
        stage: "thread", errno: Int(EAGAIN),
        message: "the system gives no thread to start it: raise the limit of processes (ulimit -u)")
}
