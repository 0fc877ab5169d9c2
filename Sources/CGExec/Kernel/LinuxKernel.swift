import CLinux
import Glibc
import SystemPackage

/// The real kernel: makes leaves, starts programs in them, and turns what happens into events.
///
/// `@unchecked Sendable`: it is touched by the reactor's thread alone; other threads only get values, and come back
/// through the reactor's mailbox.
final class LinuxKernel: Kernel, @unchecked Sendable {
    var deliver: (KernelEvent, Instant) -> Void = { _, _ in }
    var now: Instant { monotonicNow() }

    let reactor: Reactor
    let place: Workplace
    private let threads = Threads()
    private let signals: SignalState
    private(set) var attempts: [AttemptID: RunningAttempt] = [:]
    private let programs: ProgramSearch
    private var wakeTimer: Reactor.Timer?
    /// Whether what the pool's cgroup tells of its memory is wanted; it is listened to from the first attempt on.
    private let watchesPool: Bool
    var alarm: PoolAlarm?
    private(set) lazy var disturbances = Disturbances(on: reactor, place: place)
    /// Set when this host's kernel kills what we clone into a leaf: children then enter by themselves.
    private var entersByItself = false
    /// When to look again where no descriptor was free to be told by.
    static let secondLook = Duration.milliseconds(20)

    /// What jobs without CPUs of their own may use, where this thread itself is kept to less; nil for what it may.
    var affinityOfJobs: CPUSet?
    /// Whether an attempt whose program exited with 0, at this instant, succeeded for good: asked where files get their names by it.
    var settles: (AttemptID, _ ended: Instant) -> Bool = { _, _ in true }
    /// How often what runs is looked at, for the curves in records; nil for never.
    var sampling: Duration?

    /// Works in `place`. Programs start with `signals`, the state from before we took any over.
    init(reactor: Reactor, place: Workplace, signals: SignalState = SignalState(), watchesPool: Bool = false) {
        self.watchesPool = watchesPool
        self.reactor = reactor
        self.place = place
        self.signals = signals
        programs = ProgramSearch(reactor: reactor, threads: threads)
        place.watchKeeper(on: reactor)
        if place.partition != nil { _ = disturbances }  // listens from now on
    }

    // MARK: Verbs

    func identify(_ job: JobID, program: [UInt8], path: [UInt8]?, directory: String?) {
        let candidates = Spawn.candidates(for: program, environment: path.map { [$0] } ?? [])
        programs.find(candidates.map { $0.located(in: directory) }) { [weak self] program in
            if let self { deliver(.identified(job, program), now) }
        }
    }

    func launch(_ plan: LaunchPlan) {
        do throws(KernelError) {
            let attempt = try prepare(plan)
            attempts[plan.attempt] = attempt
            try attempt.output.connect()
            attempt.output.openTargets { [weak self] failure in self?.opened(plan.attempt, failure) }
        } catch {
            fail(plan, LaunchFailure(stage: "leaf", errno: Int(error.errno), message: error.description))
        }
    }

    func terminate(_ id: AttemptID) {
        signal(id, SIGTERM)
        signal(id, SIGCONT)
    }

    /// Sends a signal to the main process; one that is still being started gets it as soon as it runs.
    func signal(_ id: AttemptID, _ signal: Int32) {
        guard let attempt = attempts[id] else { return }
        if [SIGTERM, SIGINT, SIGQUIT, SIGHUP].contains(signal) { requestEnd(of: attempt) }
        if let pidfd = attempt.pidfd?.raw {
            _ = cgx_pidfd_send_signal(pidfd, signal)
        } else if attempt.ending == nil {
            attempt.pendingSignals.append(signal)
        }
    }

    func kill(_ id: AttemptID) {
        guard let attempt = attempts[id] else { return }
        attempt.killRequested = true
        requestEnd(of: attempt)
        killTree(of: attempt)
        if attempt.output.isOpening { return abandonOpening(of: attempt) }
        if attempt.ending == nil { killAtBirth(attempt) }
    }

    private func requestEnd(of attempt: RunningAttempt) {
        attempt.endRequested = true
        attempt.output.hurry()
    }

    func measureCPU(_ id: AttemptID) {
        guard let attempt = attempts[id], attempt.leaf != nil else { return }
        guard let time = attempt.leaf?.cpuTime else {
            // Without a free descriptor. Unanswered, the question would not be asked again and the limit be none.
            _ = reactor.schedule(at: now.advanced(by: Self.secondLook)) { [weak self] in self?.measureCPU(id) }
            return
        }
        deliver(.cpuUsed(id, time), now)
    }

    func wake(at instant: Instant?) {
        if let wakeTimer { reactor.cancel(wakeTimer) }
        wakeTimer = instant.map { due in
            reactor.schedule(at: due) { [unowned self] in
                wakeTimer = nil
                deliver(.wake, now)
            }
        }
    }

    /// Lets idle threads go; to be called when no attempt is left.
    func close() {
        alarm = nil
        programs.close()
        threads.close()
    }

    // MARK: Starting

    private func prepare(_ plan: LaunchPlan) throws(KernelError) -> RunningAttempt {
        let oom = place.oomCounters?.read() ?? .init()
        if watchesPool, alarm == nil { listenToPool() }
        let leaf = try place.makeLeaf(Subtree.leafPrefix + plan.attempt.description, plan.leaf)
        let attempt = RunningAttempt(plan: plan, leaf: leaf, oomBefore: oom, output: makeOutput(plan))
        do throws(KernelError) {
            if let limit = plan.leaf.thrash { try watchThrashing(of: attempt, limit) }
        } catch {
            if !place.bestEffort {
                try? place.removeLeaf(attempt.name)
                throw error
            }
        }
        return attempt
    }

    private func makeOutput(_ plan: LaunchPlan) -> RunningOutput {
        let id = plan.attempt
        // Threads that copy may outlive this object.
        return RunningOutput(
            plan, reactor: reactor, threads: threads, onExcess: { [weak self] in self?.excess(id) },
            onDone: { [weak self] in
                if let self, let attempt = attempts[id] { completeIfDone(attempt) }
            })
    }

    private func opened(_ id: AttemptID, _ failure: LaunchFailure?) {
        guard let attempt = attempts[id] else { return }
        if let failure { fail(attempt.plan, failure) } else { start(attempt) }
    }

    private func abandonOpening(of attempt: RunningAttempt) {
        attempt.output.stopOpening()
        attempt.output.closePipes()
        let failure = LaunchFailure(
            stage: "stdio",
            message: "it was ended while the files for its output were being opened: a FIFO waits for its reader")
        attempt.ending = Ending(status: .failed(failure), ended: now)
        empty(attempt)
    }

    private func start(_ attempt: RunningAttempt) {
        // Again: opening its files may have taken long.
        if let error = place.partitionLoss {
            return fail(
                attempt.plan, LaunchFailure(stage: "leaf", errno: Int(error.errno), message: error.description))
        }
        var spawn = Spawn(plan: attempt.plan, signals: signals)
        spawn.cgroup = attempt.leaf?.entrance
        // Also where a cpuset enforces it: a mask from before would survive the move into the cpuset and narrow the
        // grant (runc 4858, crun 1.9.2).
        spawn.affinity = attempt.plan.leaf.cpus ?? affinityOfJobs
        spawn.entersByItself = entersByItself
        spawn.stdout = attempt.output.writeEnd(1)
        spawn.stderr = attempt.output.writeEnd(2)
        let id = attempt.plan.attempt
        if attempt.plan.leaf.ownsCPUs, let cpus = attempt.plan.leaf.cpus { disturbances.begin(id, on: cpus) }
        let request = spawn
        let begun = threads.run { [self] in
            let result = request.run()
            reactor.post { [self] in started(id, result) }
        }
        if !begun {
            fail(attempt.plan, .noThread)
        }
    }

    private func started(_ id: AttemptID, _ result: Spawn.Result) {
        guard let attempt = attempts[id] else { return }
        switch result {
        case .running(let pid, let pidfd, let started):
            attempt.output.closePipes()
            attempt.pid = pid
            attempt.pidfd = Descriptor(owning: pidfd)
            attempt.ending = Ending(status: .lost, started: started, ended: started)
            if !attempt.output.startCopying() {
                attempt.notes.append(
                    "the system gave no thread to copy its output: raise the limit of processes (ulimit -u)")
                kill(id)
            }
            watch(attempt, pidfd)
            // Where only the moment tells.
            if !attempt.hasEnded, attempt.leaf?.tellsFrozenTime == false { _ = watchPopulation(of: attempt) }
            beginSampling(attempt)
            deliver(.launched(id, started: started), now)
            if attempt.killRequested { killTree(of: attempt) }
            for pending in attempt.pendingSignals { signal(id, pending) }
            if attempt.isSpared { spare(id) }
        case .killedAtBirth where !attempt.killRequested:
            entersByItself = true
            start(attempt)
        case .killedAtBirth:
            attempt.output.closePipes()
            attempt.ending = Ending(status: .failed(.beforeBirth), ended: now)
            empty(attempt)
        case .failed(let failure, let started):
            attempt.output.closePipes()
            attempt.ending = Ending(status: .failed(failure), started: started, ended: now)
            empty(attempt)
        }
    }

    /// Ends an attempt that has no process.
    private func fail(_ plan: LaunchPlan, _ failure: LaunchFailure) {
        let attempt =
            attempts[plan.attempt]
            ?? RunningAttempt(plan: plan, leaf: nil, oomBefore: .init(), output: makeOutput(plan))
        attempts[plan.attempt] = attempt
        attempt.output.closePipes()
        attempt.ending = Ending(status: .failed(failure), ended: now)
        // Not from within `launch`: the caller has not yet noted that the launch is under way.
        let id = plan.attempt
        reactor.post { [self] in
            if let attempt = attempts[id] { empty(attempt) }
        }
    }

    private func excess(_ id: AttemptID) {
        guard let attempt = attempts[id], !attempt.outputExceeded else { return }
        attempt.outputExceeded = true
        deliver(.outputExceeded(id), now)
    }

    // MARK: Ending

    private func watch(_ attempt: RunningAttempt, _ pidfd: Int32) {
        let id = attempt.plan.attempt
        do throws(KernelError) {
            attempt.exitWatch = try reactor.watch(pidfd, .input) { [unowned self] _ in exited(id) }
            if attempt.plan.leaf.watchPids { try watchPids(of: attempt) }
        } catch {
            // Unwatched it would never be seen to end.
            attempt.notes.append(error.description)
            killTree(of: attempt)
            exited(id)
        }
    }

    private func watchPids(of attempt: RunningAttempt) throws(KernelError) {
        // Without the controller, which only best effort lets through, there is nothing to watch.
        guard let directory = attempt.leaf?.directory, place.controllers.contains("pids") else { return }
        let id = attempt.plan.attempt
        for file in attempt.leaf?.forkFailureFiles ?? [] {
            attempt.pidsWatches.append(
                try ControlWatch(file, in: directory, on: reactor) { [unowned self] in pidsChanged(id) })
        }
        pidsChanged(id)
    }

    private func pidsChanged(_ id: AttemptID) {
        guard let attempt = attempts[id], !attempt.pidsWatches.isEmpty, attempt.leaf?.forkFailures() ?? 0 > 0 else {
            return
        }
        attempt.pidsWatches = []
        deliver(.pidsExceeded(id), now)
    }

    private func exited(_ id: AttemptID) {
        guard let attempt = attempts[id], let pidfd = attempt.pidfd.take() else { return }
        if let watch = attempt.exitWatch.take() { reactor.forget(watch) }
        attempt.ending?.ended = now
        // Without a leaf, the process group is all there is; before the number of its leader is given back.
        if attempt.leaf == nil, attempt.plan.session != .inherit, let pid = attempt.pid {
            _ = Glibc.kill(-pid, SIGKILL)
        }
        var result = cgx_wait()
        let status = cgx_wait_pidfd(pidfd.raw, 0, &result)
        attempt.pid = nil  // it may be another's from now on
        if status == 0 {
            attempt.ending?.status =
                result.code == CLD_EXITED ? .exited(Int(result.status)) : .signaled(Int(result.status))
        }
        empty(attempt)
    }

    private func killTree(of attempt: RunningAttempt) {
        if attempt.leaf?.kill() == true { return }
        signal(attempt.plan.attempt, SIGKILL)
        if attempt.plan.session != .inherit, let pid = attempt.pid { _ = Glibc.kill(-pid, SIGKILL) }
    }

    /// Kills what a spawn under way is yet to clone into the leaf. It may be cloned after the kill and then hang before
    /// its exec, and until that exec the kernel tells its parent nothing.
    private func killAtBirth(_ attempt: RunningAttempt) {
        let id = attempt.plan.attempt
        guard attempt.leaf != nil, !watchPopulation(of: attempt) else { return }
        _ = reactor.schedule(at: now.advanced(by: Self.secondLook)) { [weak self] in
            if let self, attempts[id]?.ending == nil { kill(id) }
        }
    }

    /// Goes on when no process is left in the leaf; until then kills what is, and waits for the event.
    private func empty(_ attempt: RunningAttempt) {
        guard attempt.leaf?.isPopulated == true else { return collect(attempt) }
        killTree(of: attempt)
        guard watchPopulation(of: attempt) else {
            _ = reactor.schedule(at: now.advanced(by: Self.secondLook)) { [unowned self] in empty(attempt) }
            return
        }
    }

    /// Has `populationChanged` called now and at each change. False without a free descriptor: then nobody tells, and
    /// one must look again.
    private func watchPopulation(of attempt: RunningAttempt) -> Bool {
        let id = attempt.plan.attempt
        if attempt.eventsWatch == nil, let directory = attempt.leaf?.directory {
            attempt.eventsWatch = try? ControlWatch("cgroup.events", in: directory, on: reactor) { [unowned self] in
                if let attempt = attempts[id] { populationChanged(attempt) }
            }
        }
        guard attempt.eventsWatch != nil else { return false }
        populationChanged(attempt)
        return true
    }

    private func populationChanged(_ attempt: RunningAttempt) {
        let events = attempt.eventsWatch?.read().map(FlatKeyed.init)
        if events?["frozen"] == 1 { attempt.wasFrozen = true }
        switch (events?["populated"] == 1, attempt.hasEnded) {
        case (true, false): if attempt.killRequested { killTree(of: attempt) }
        case (false, true): collect(attempt)
        case (true, true), (false, false): break
        }
    }

    /// Reads the counters, which go with the directory, and removes it.
    private func collect(_ attempt: RunningAttempt) {
        attempt.eventsWatch = nil
        attempt.pidsWatches = []
        let isThrashWatched = attempt.thrashWatch.take() != nil
        if let alarm, let stall = attempt.leaf?.stall { alarm.ended(attempt.plan.attempt, stall) }
        settleAccounts(of: attempt, isThrashWatched: isThrashWatched)
        if let trouble = place.keeperTrouble { attempt.notes.append(trouble) }
        attempt.output.finish()
        if attempt.endRequested { attempt.output.hurry() }
        remove(attempt, pause: .milliseconds(1))
    }

    /// Removes the leaf; the kernel may call it busy for some milliseconds after its last process is gone.
    private func remove(_ attempt: RunningAttempt, pause: Duration) {
        guard attempt.leaf != nil else { return completeIfDone(attempt) }
        do throws(Errno) {
            try place.removeLeaf(attempt.name)
        } catch .noSuchFileOrDirectory {
            // somebody else removed it
        } catch {
            if pause < .seconds(1) {
                _ = reactor.schedule(at: now.advanced(by: pause)) { [unowned self] in remove(attempt, pause: pause * 2)
                }
                return
            }
            attempt.notes.append("its leaf could not be removed: \(error)")
        }
        attempt.leaf = nil
        completeIfDone(attempt)
    }

    private func completeIfDone(_ attempt: RunningAttempt) {
        guard let ending = attempt.completeEnding(settles) else { return }
        attempts[attempt.plan.attempt] = nil
        deliver(.ended(attempt.plan.attempt, ending), now)
    }
}
