import CLinux
import Glibc

/// A pool on the thread that calls `run`, for programs that own their main thread and their signals.
package final class PoolRun {
    /// Called before an attempt is started; what it throws fails the attempt.
    var willStart: (JobStart) throws -> Void = { _ in }
    /// Called when something in the group starts for the first time.
    var onGroupStart: (JobGroupID) -> Void = { _ in }
    /// Called once for each group, when it is sealed and everything in it is done.
    var onGroupEnd: (JobGroupID, GroupCounts) -> Void = { _, _ in }
    /// Called when everything that was decided has been carried out.
    var onSettled: () -> Void = {}
    /// Called when a program runs.
    package var onStart: (JobID, Job, Int) -> Void = { _, _, _ in }
    /// Called for each attempt that another follows, when nothing of it is left.
    package var onAttempt: (Record) -> Void = { _ in }
    /// Called once for each job, when nothing of it is left.
    package var onRecord: (Record) -> Void = { _ in }

    private let reactor: Reactor
    private let kernel: LinuxKernel
    private let core: PoolCore
    let learned: LearnedStore?
    private let claims: [ClaimFolder.Held]
    /// The CPUs that this thread had before it kept off those of the slots; nil where it did not.
    private var affinityBefore: CPUSet?
    /// Whether this process has a controlling terminal.
    package let hasTerminal: Bool

    /// How programs are started.
    package struct Style: Sendable {
        /// The command as it came, byte for byte, if it takes our place: with our terminal, process group, descriptors
        /// and environment.
        package var transparentCommand: [[UInt8]]?
        /// Gives a job its texts that depend on slot and attempt, when these are known.
        package var finalize: (@Sendable (_ id: JobID, _ slot: Int, _ attempt: Int) -> Job)?

        package init(
            transparentCommand: [[UInt8]]? = nil, finalize: (@Sendable (JobID, Int, Int) -> Job)? = nil
        ) {
            self.transparentCommand = transparentCommand
            self.finalize = finalize
        }
    }

    package init(_ setup: PoolSetup, reactor: Reactor, style: Style = Style()) {
        self.reactor = reactor
        kernel = setup.kernel
        learned = setup.learned
        claims = [setup.claim, setup.memoryClaim].compactMap { $0 }
        var surroundings = PoolCore.Surroundings(epoch: (civilNow(), monotonicNow()))
        surroundings.host = Host.name()
        // With a terminal, Ctrl-C and Ctrl-Z must reach the program as they reach us; without one, a signal to our
        // process group should reach it once, through us.
        hasTerminal = Self.findTerminal()
        let scope = Array("\(Subtree.scopeVariable)=".utf8)
        surroundings.environment = Host.rawEnvironment().filter { !$0.starts(with: scope) }
        if let command = style.transparentCommand {
            surroundings.verbatim = (command, surroundings.environment)
            surroundings.session = hasTerminal ? .inherit : .group
        }
        surroundings.finalize = style.finalize
        surroundings.identifiesPrograms = setup.learned != nil
        surroundings.setsThreadVariables = setup.setsThreadVariables
        core = PoolCore(kernel: setup.kernel, setup.scheduler, surroundings, machine: setup.machine)
        core.willStart = { [unowned self] id, job, grant in
            try willStart(JobStart(id: id.job, job: job, attempt: id.number, slot: grant.slot))
        }
        core.onGroupStart = { [unowned self] id in onGroupStart(id) }
        core.onGroupEnd = { [unowned self] id, counts in onGroupEnd(id, counts) }
        kernel.settles = { [unowned self] id, ended in core.settles(id, endedAt: ended) }
        core.onSettled = { [unowned self] in onSettled() }
        core.onStart = { [unowned self] id, job, grant in onStart(id, job, grant.slot) }
        core.onAttempt = { [unowned self] record in onAttempt(record) }
        core.onRecord = { [unowned self] record in onRecord(record) }
        core.onLearned = { [unowned self] sample in learned?.append(sample) }
        keepOff(setup)
    }

    private static func findTerminal() -> Bool {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        if terminal >= 0 { _ = Glibc.close(terminal) }
        return terminal >= 0
    }

    /// Takes a job in; `noted` is called with its number before anything happens to it.
    package func submit(_ job: Job, in group: JobGroupID? = nil, noted: (JobID) -> Void = { _ in }) -> JobID {
        core.submit(job, in: group, noted: noted)
    }

    /// Counts a job that an earlier run has done: it has its number, and is not run.
    package func passOver() { core.passOver() }

    /// Writes down each attempt; to be set before anything is submitted.
    package var journal: Journal? {
        get { core.journal }
        set {
            newValue?.post = { [reactor] in reactor.post($0) }
            core.journal = newValue
        }
    }

    /// The pool's cgroup.
    package var cgroup: String? { kernel.place.path }

    /// Takes in all that `body` submits before any of it starts, so that a priority counts whatever the order.
    package func together<Result>(_ body: () throws -> Result) rethrows -> Result { try core.together(body) }

    /// Opens a group, in another one if there is a parent; `noted` is called with its number before anything happens.
    @discardableResult
    package func openGroup(
        _ name: String, in parent: JobGroupID? = nil, timeout: Duration? = nil, isShown: Bool = true,
        noted: (JobGroupID) -> Void = { _ in }
    ) -> JobGroupID {
        core.openGroup(name, in: parent, timeout: timeout, isShown: isShown, noted: noted)
    }

    /// Says that nothing more will be added to the group.
    package func sealGroup(_ id: JobGroupID) { core.sealGroup(id) }

    /// Ends everything in the group.
    func cancelGroup(_ id: JobGroupID) { core.cancelGroup(id) }

    /// Whether something may still be added to the group.
    func isGrowing(_ id: JobGroupID) -> Bool { core.isGrowing(id) }

    /// How the children of the group stand; nil when it is finished.
    func counts(of id: JobGroupID) -> GroupCounts? { core.counts(of: id) }

    /// Whether the job or the group was ever taken in.
    func knows(_ predecessor: Job.Predecessor) -> Bool { core.knows(predecessor) }

    /// Checks that this host can enforce the job's limits.
    func check(_ job: Job) throws(HostUnfit) {
        let reasons = core.obstacles(to: job) + (kernel.place.bestEffort ? [] : kernel.place.obstacles(to: job.limits))
        if !reasons.isEmpty { throw HostUnfit(reasons) }
    }

    /// Ends a job, or keeps it from starting.
    func cancel(_ id: JobID) { core.cancel(id) }

    /// Ends everything; what runs gets its grace, and nothing is taken in any more.
    package func end() { core.close() }

    /// Ends everything; what runs gets its grace.
    package func cancelAll() { core.cancelAll() }

    /// Ends everything at once.
    package func killAll() { core.killAll() }

    /// How many attempts are under way, and how many jobs wait.
    package var load: (running: Int, waiting: Int) { (core.runningCount, core.waitingCount) }

    /// Calls `action` once after this time, if the pool runs then.
    package func after(_ time: Duration, _ action: @escaping () -> Void) {
        _ = reactor.schedule(at: kernel.now.advanced(by: time), action)
    }

    /// Sends a signal to a job's main process, if it runs.
    package func signal(_ job: JobID, _ signal: Int32) {
        kernel.signal(AttemptID(job: job, number: 1), signal)
    }

    /// Whether a process belongs to one of the pool's jobs.
    package func owns(process: Int32) -> Bool { kernel.place.owns(process: process) }

    /// Waits and acts until every job has its record; signals go to `onSignal`.
    package func run(signals: Signals? = nil, onSignal: @escaping (Signals.Arrival) -> Void = { _ in })
        throws(KernelError)
    {
        try signals?.watch(on: reactor, onSignal)
        reactor.run { core.isIdle }
    }

    /// Writes down what was learned and is not written yet; nothing runs any more.
    package func keepLearned() throws(LearnedFileError) { try learned?.finish() }

    /// Removes the pool's cgroup and ends the keeper.
    package func close() {
        kernel.close()
        kernel.place.close()
        for claim in claims { claim.release() }
        if let affinityBefore { Host.useOnly(affinityBefore) }
    }

    /// Leaves the CPUs of the slots to the jobs, where others are left for this thread and its helpers.
    private func keepOff(_ setup: PoolSetup) {
        let owned = setup.scheduler.slots.compactMap(\.owned).reduce(CPUSet()) { $0.union($1) }
        let all = Host.allowedCPUs()
        let rest = all.subtracting(owned).subtracting(setup.taken)
        guard !owned.isEmpty, !rest.isEmpty, Host.useOnly(rest) else { return }
        affinityBefore = all
        // Within a partition there are no other CPUs, in one that was made for pools none of ours.
        kernel.affinityOfJobs = setup.isPartition || all.isDisjoint(with: owned) ? owned : all
    }
}
