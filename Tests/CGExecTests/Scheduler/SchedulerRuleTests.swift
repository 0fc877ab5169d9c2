import Testing

@testable import CGExec

@Suite struct SchedulerRuleTests {
    private static func second(_ seconds: Double) -> Instant { Instant(nanoseconds: UInt64(seconds * 1e9)) }
    private static func attempt(_ job: Int) -> AttemptID { AttemptID(job: JobID(job), number: 1) }

    private static func scheduler(
        slots: Int = 1, cpus: Int = 4, budget: ByteSize? = nil, shares: Bool = false
    ) -> Scheduler {
        Scheduler(
            .init(
                slots: Array(repeating: Slot(), count: slots), cpus: CPUSet(0..<cpus), budget: budget,
                sharesBudget: shares))
    }

    private let one = attempt(1)

    /// A scheduler with job 1 launched at second 0.
    private func running(_ demand: Demand, cpus: Int = 4) -> Scheduler {
        var scheduler = Self.scheduler(cpus: cpus)
        _ = scheduler.handle(.submitted(JobID(1), demand), at: Self.second(0))
        _ = scheduler.handle(.launched(one, started: Self.second(0)), at: Self.second(0))
        return scheduler
    }

    private func launched(_ effects: [Effect]) -> [Int] {
        effects.compactMap { if case .launch(let id, _) = $0 { id.job.number } else { nil } }
    }

    private func grant(_ effects: [Effect]) -> Grant? {
        effects.lazy.compactMap { if case .launch(_, let grant) = $0 { grant } else { nil } }.first
    }

    private func outcome(_ effects: [Effect]) -> Outcome? {
        effects.lazy.compactMap { if case .finish(_, _, let outcome) = $0 { outcome } else { nil } }.first
    }

    // MARK: Programs

    @Test func `a job waits until its program is known, and nobody overtakes it for that`() {
        let program = ProgramVersion(path: "p", digest: "1")
        var scheduler = Self.scheduler(slots: 4)
        func tell(_ event: Event) -> [Int] { launched(scheduler.handle(event, at: Self.second(0))) }
        #expect(tell(.submitted(JobID(1), Demand(category: "c", awaitsProgram: true))) == [])
        #expect(tell(.submitted(JobID(2), Demand())) == [])
        #expect(tell(.submitted(JobID(3), Demand(priority: 1))) == [3])
        #expect(tell(.submitted(JobID(4), Demand(category: "c", awaitsProgram: true))) == [])
        #expect(tell(.submitted(JobID(5), Demand())) == [])
        #expect(tell(.identified(JobID(4), nil)) == [])
        #expect(tell(.identified(JobID(1), program)) == [1, 2, 4])
        #expect(tell(.identified(JobID(1), nil)) == [] && scheduler.waitingCount == 1)
    }

    @Test func `a job that is cancelled while its program is looked for holds up nobody`() {
        var scheduler = Self.scheduler(slots: 4)
        _ = scheduler.handle(.submitted(JobID(1), Demand(category: "c", awaitsProgram: true)), at: Self.second(0))
        _ = scheduler.handle(.submitted(JobID(2), Demand()), at: Self.second(0))
        let effects = scheduler.handle(.cancel(JobID(1)), at: Self.second(0))
        #expect(launched(effects) == [2] && outcome(effects)?.kind == .cancelled)
        #expect(scheduler.handle(.identified(JobID(1), nil), at: Self.second(0)) == [])
    }

    @Test func `a job that waits for others is asked about when they are done, and waits for both`() {
        var scheduler = Self.scheduler(slots: 4)
        _ = scheduler.handle(.submitted(JobID(1), Demand()), at: Self.second(0))
        let after = Demand(category: "c", awaitsProgram: true, dependencies: [Dependency(target: .job(JobID(1)))])
        for id in [2, 3] { #expect(scheduler.handle(.submitted(JobID(id), after), at: Self.second(0)) == []) }
        let effects = scheduler.handle(.ended(one, .exited(0), culprit: nil), at: Self.second(1))
        #expect(
            Array(effects.suffix(2)) == [.identify(JobID(2)), .identify(JobID(3))], "the first may have built them")
        #expect(launched(scheduler.handle(.identified(JobID(2), nil), at: Self.second(1))) == [2])
        #expect(launched(scheduler.handle(.identified(JobID(3), nil), at: Self.second(1))) == [3])
    }

    @Test func `of jobs submitted together none starts before all are known`() {
        var scheduler = Self.scheduler(slots: 1)
        func tell(_ event: Event) -> [Int] { launched(scheduler.handle(event, at: Self.second(0))) }
        #expect(tell(.hold) == [])
        for id in 1...3 {
            _ = tell(.submitted(JobID(id), Demand(category: "c", awaitsProgram: true, priority: id)))
        }
        #expect(tell(.identified(JobID(1), nil)) == [] && tell(.release) == [])
        #expect(tell(.submitted(JobID(4), Demand())) == [], "not even another one")
        #expect(tell(.identified(JobID(2), nil)) == [])
        #expect(tell(.identified(JobID(3), nil)) == [3])
    }

    // MARK: Time

    @Test func `a timeout asks, and kills after the grace`() {
        var scheduler = running(Demand(timeout: .seconds(10), grace: .seconds(2)))
        #expect(scheduler.nextDeadline == Self.second(10))
        #expect(scheduler.handle(.wake, at: Self.second(9.999)) == [])
        #expect(scheduler.handle(.wake, at: Self.second(10)) == [.terminate(one)])
        #expect(scheduler.nextDeadline == Self.second(12))
        #expect(scheduler.handle(.wake, at: Self.second(12)) == [.kill(one)])
        #expect(scheduler.nextDeadline == nil)
        #expect(scheduler.handle(.wake, at: Self.second(13)) == [])
        let outcome = outcome(scheduler.handle(.ended(one, .signaled(9), culprit: nil), at: Self.second(13)))
        #expect(outcome == Outcome(.timeout, signal: 9))
        #expect(scheduler.isIdle)
    }

    @Test func `a program that ends in its grace is not killed`() {
        var scheduler = running(Demand(timeout: .seconds(10), grace: .seconds(2)))
        _ = scheduler.handle(.wake, at: Self.second(10))
        let effects = scheduler.handle(.ended(one, .exited(3), culprit: nil), at: Self.second(11))
        #expect(effects == [.finish(JobID(1), one, Outcome(.timeout, code: 3))])
        #expect(scheduler.nextDeadline == nil)
    }

    @Test func `without a grace it is killed at once`() {
        var scheduler = running(Demand(timeout: .seconds(10), grace: .zero))
        #expect(scheduler.handle(.wake, at: Self.second(10)) == [.kill(one)])
    }

    @Test func `the clock starts at the clone`() {
        var scheduler = Self.scheduler()
        _ = scheduler.handle(.submitted(JobID(1), Demand(timeout: .seconds(10))), at: Self.second(0))
        _ = scheduler.handle(.launched(one, started: Self.second(3)), at: Self.second(4))
        #expect(scheduler.nextDeadline == Self.second(13))
    }

    @Test func `a launch that hangs is killed at its deadline, without asking`() {
        var scheduler = Self.scheduler()
        _ = scheduler.handle(.submitted(JobID(1), Demand(timeout: .seconds(10))), at: Self.second(0))
        #expect(scheduler.handle(.wake, at: Self.second(10)) == [.kill(one)])
        // It comes to life after all: it is on its way out, and no new clock starts.
        #expect(scheduler.handle(.launched(one, started: Self.second(11)), at: Self.second(11)) == [])
        #expect(scheduler.nextDeadline == nil)
    }

    // MARK: CPU time

    @Test func `CPU time is looked at when it could be over`() {
        var scheduler = running(Demand(cpuTimeout: .seconds(8)), cpus: 4)
        #expect(scheduler.nextDeadline == Self.second(2))
        #expect(scheduler.handle(.wake, at: Self.second(2)) == [.measureCPU(one)])
        #expect(scheduler.nextDeadline == nil)
        #expect(scheduler.handle(.cpuUsed(one, .seconds(2)), at: Self.second(2)) == [])
        #expect(scheduler.nextDeadline == Self.second(3.5))
        _ = scheduler.handle(.wake, at: Self.second(3.5))
        #expect(scheduler.handle(.cpuUsed(one, .seconds(8)), at: Self.second(3.5)) == [.terminate(one)])
        let outcome = outcome(scheduler.handle(.ended(one, .signaled(15), culprit: nil), at: Self.second(4)))
        #expect(outcome == Outcome(.cpuTimeout, signal: 15))
    }

    @Test(arguments: [
        (Demand(cpus: 2, cpuTimeout: .seconds(8)), 4.0), (Demand(cpuset: CPUSet([3]), cpuTimeout: .seconds(8)), 8.0),
        (Demand(cpuQuota: 0.5, cpuTimeout: .seconds(8)), 16.0), (Demand(cpuQuota: 16, cpuTimeout: .seconds(8)), 2.0),
        (Demand(cpus: 2, cpuQuota: 1, cpuTimeout: .seconds(8)), 8.0),
    ])
    func `by the CPUs that it may use`(_ demand: Demand, _ seconds: Double) {
        #expect(running(demand).nextDeadline == Self.second(seconds))
    }

    @Test(arguments: [0.0, 0.25, 1, 3.9, 4])
    func `few looks, and never late`(_ parallelism: Double) {
        var scheduler = running(Demand(timeout: .seconds(1000), cpuTimeout: .seconds(8)), cpus: 4)
        var looks = 0
        var end: Instant?
        while let now = scheduler.nextDeadline, end == nil {
            let effects = scheduler.handle(.wake, at: now)
            guard effects == [.measureCPU(one)] else { break }
            looks += 1
            let used = Duration.seconds(Double(now.nanoseconds) / 1e9 * parallelism)
            if !scheduler.handle(.cpuUsed(one, used), at: now).isEmpty { end = now }
        }
        if parallelism > 0 {
            let ideal = Self.second(8 / parallelism)
            #expect(end.map { $0 >= ideal && $0.since(ideal) <= .milliseconds(4) } == true)
        } else {
            #expect(end == nil)
        }
        // A program of one thread on 4 CPUs: what remains shrinks by a quarter with each look.
        #expect(looks <= 500)
        if parallelism >= 1 { #expect(looks <= 40) }
    }

    // MARK: Causes

    @Test func `the first cause is the one that counts`() {
        var scheduler = running(
            Demand(timeout: .seconds(10), cpuTimeout: .seconds(1), grace: .seconds(5), endsAtPids: true))
        #expect(scheduler.handle(.outputExceeded(one), at: Self.second(9)) == [.terminate(one)])
        for event in [Event.pidsExceeded(one), .cpuUsed(one, .seconds(9)), .cancel(JobID(1)), .wake, .cancelAll] {
            #expect(scheduler.handle(event, at: Self.second(11)) == [])
        }
        #expect(scheduler.nextDeadline == Self.second(14))
        let effects = scheduler.handle(.ended(one, .signaled(9), culprit: .job), at: Self.second(15))
        #expect(outcome(effects) == Outcome(.output, signal: 9))
    }

    @Test func `a number of processes ends a job only if asked`() {
        var scheduler = running(Demand())
        #expect(scheduler.handle(.pidsExceeded(one), at: Self.second(1)) == [])
        scheduler = running(Demand(endsAtPids: true))
        #expect(scheduler.handle(.pidsExceeded(one), at: Self.second(1)) == [.terminate(one)])
    }

    private static let failure = LaunchFailure(stage: "exec", errno: 2, message: "not found")

    private static let endings: [(AttemptStatus, Outcome.Culprit?, Outcome)] = [
        (.exited(0), nil, Outcome(.ok, code: 0)),
        (.exited(0), .job, Outcome(.ok, code: 0)),
        (.exited(255), nil, Outcome(.exit, code: 255)),
        (.exited(137), .job, Outcome(.exit, code: 137)),
        (.signaled(11), nil, Outcome(.signal, signal: 11)),
        (.signaled(11), .job, Outcome(.signal, signal: 11)),
        (.signaled(9), nil, Outcome(.signal, signal: 9)),
        (
            .signaled(9), .job,
            Outcome(.memory, signal: 9, culprit: .job, message: "it reached its memory limit of 64 MiB")
        ),
        (
            .signaled(9), .ancestor,
            Outcome(
                .memory, signal: 9, culprit: .ancestor,
                message: "a memory limit above the pool was reached: see memory.max of the cgroups above")
        ),
        (.signaled(9), .host, Outcome(.memory, signal: 9, culprit: .host, message: "the host ran out of memory")),
        (.failed(failure), nil, Outcome(.launchError, stage: "exec", errno: 2, message: "not found")),
        (
            .failed(failure), .job,
            Outcome(.memory, signal: 9, culprit: .job, message: "it reached its memory limit of 64 MiB")
        ),
        (
            .lost, nil,
            Outcome(.lost, message: "another part of this program reaped its process, so its end is not known")
        ),
    ]

    @Test(arguments: endings)
    func `how a program ended by itself`(_ status: AttemptStatus, _ culprit: Outcome.Culprit?, _ expected: Outcome) {
        var scheduler = running(Demand(memory: .mib(64)))
        #expect(outcome(scheduler.handle(.ended(one, status, culprit: culprit), at: Self.second(1))) == expected)
    }

    // MARK: Admission

    @Test func `in the order of submission, each when it fits`() {
        var scheduler = Self.scheduler(slots: 3, budget: ByteSize(10))
        var effects = scheduler.handle(.submitted(JobID(1), Demand(memory: ByteSize(6))), at: Self.second(0))
        effects += scheduler.handle(.submitted(JobID(2), Demand(memory: ByteSize(8))), at: Self.second(0))
        effects += scheduler.handle(.submitted(JobID(3), Demand(memory: ByteSize(3))), at: Self.second(0))
        // Job 3 would fit, but job 2 might have to wait for it.
        #expect(launched(effects) == [1] && scheduler.waitingCount == 2 && scheduler.reserved == ByteSize(6))
        effects = scheduler.handle(.ended(one, .exited(0), culprit: nil), at: Self.second(1))
        #expect(launched(effects) == [2] && scheduler.reserved == ByteSize(8))
    }

    @Test func `an enforced budget is shared`() {
        var scheduler = Self.scheduler(slots: 4, budget: ByteSize(100), shares: true)
        var grants: [Grant?] = []
        for job in 1...4 {
            let demand = job == 2 ? Demand(memory: ByteSize(40)) : Demand()
            grants.append(grant(scheduler.handle(.submitted(JobID(job), demand), at: Self.second(0))))
        }
        // 25 + 40 + 25 leave too little for a fourth share.
        #expect(grants.map { $0?.memory?.bytes } == [25, 40, 25, nil])
        #expect(grants.map { $0?.memoryIsShare } == [true, false, true, nil])
        #expect(scheduler.reserved == ByteSize(90) && scheduler.waitingCount == 1)
    }

    @Test func `a planned budget limits only what is declared`() {
        var scheduler = Self.scheduler(slots: 4, budget: ByteSize(100))
        let undeclared = grant(scheduler.handle(.submitted(JobID(1), Demand()), at: Self.second(0)))
        #expect(undeclared == Grant(slot: 0) && scheduler.reserved == ByteSize(0))
        let estimated = grant(scheduler.handle(.submitted(JobID(2), Demand(need: ByteSize(70))), at: Self.second(0)))
        #expect(estimated == Grant(slot: 1) && scheduler.reserved == ByteSize(70))
        #expect(scheduler.handle(.submitted(JobID(3), Demand(memory: ByteSize(31))), at: Self.second(0)) == [])
    }

    @Test func `CPUs are owned`() {
        var scheduler = Self.scheduler(slots: 4, cpus: 4)
        let demands = [Demand(cpus: 2), Demand(), Demand(cpuset: CPUSet([0])), Demand(cpus: 3)]
        let grants = demands.enumerated().map { index, demand in
            grant(scheduler.handle(.submitted(JobID(index + 1), demand), at: Self.second(0)))
        }
        #expect(grants.map { $0?.cpus?.description } == ["0-1", nil, "0", nil])
        #expect(scheduler.waitingCount == 1)
        let last = grant(scheduler.handle(.ended(one, .exited(0), culprit: nil), at: Self.second(1)))
        #expect(last == Grant(slot: 0, cpus: CPUSet(0...2)))
    }

    @Test func `pieces of the machine are owned too`() {
        let slots = [Slot(cpus: CPUSet([0, 1]), mems: CPUSet([0])), Slot(cpus: CPUSet([2, 3]), mems: CPUSet([1]))]
        var scheduler = Scheduler(.init(slots: slots + [Slot(cpus: CPUSet([4]))], cpus: CPUSet(0...4)))
        func submit(_ job: Int, _ demand: Demand) -> Grant? {
            grant(scheduler.handle(.submitted(JobID(job), demand), at: Self.second(0)))
        }
        #expect(submit(1, Demand()) == Grant(slot: 0, cpus: CPUSet([0, 1]), mems: CPUSet([0])))
        // Those of its slot and one of the next; the memory nodes of one slot would not fit both.
        #expect(submit(2, Demand(cpus: 3)) == Grant(slot: 1, cpus: CPUSet([2, 3, 4])))
        #expect(submit(3, Demand()) == nil)
        let effects = scheduler.handle(.ended(one, .exited(0), culprit: nil), at: Self.second(1))
        #expect(grant(effects) == Grant(slot: 0, cpus: CPUSet([0, 1]), mems: CPUSet([0])))
    }

    @Test func `fewer CPUs than a piece has come with its memory`() {
        let slot = Slot(cpus: CPUSet([2, 3]), mems: CPUSet([1]))
        let nodes = [0, 1].map { Topology.Piece(number: $0, cpus: CPUSet([2 * $0, 2 * $0 + 1])) }
        let threads = (0...3).map { Topology.Piece(number: $0, cpus: CPUSet([$0])) }
        let machine = Topology(
            pieces: [.numa: nodes, .thread: threads], allowed: CPUSet(2...3), allowedMems: CPUSet([0, 1]))
        var scheduler = Scheduler(.init(slots: [slot], cpus: CPUSet(2...3), topology: machine))
        let effects = scheduler.handle(.submitted(JobID(1), Demand(cpus: 1)), at: Self.second(0))
        #expect(grant(effects) == Grant(slot: 0, cpus: CPUSet([2]), mems: CPUSet([1])))
    }

    // MARK: Cancelling

    @Test func `a job that waits is dropped, and those behind it move up`() {
        var scheduler = Self.scheduler(slots: 2, budget: ByteSize(10))
        for (job, memory) in [(1, 5), (2, 6), (3, 5)] {
            _ = scheduler.handle(.submitted(JobID(job), Demand(memory: ByteSize(UInt64(memory)))), at: Self.second(0))
        }
        let effects = scheduler.handle(.cancel(JobID(2)), at: Self.second(1))
        #expect(outcome(effects)?.kind == .cancelled && launched(effects) == [3])
        #expect(scheduler.handle(.cancel(JobID(2)), at: Self.second(1)) == [])
    }

    @Test func `a job that runs is asked`() {
        var scheduler = running(Demand(grace: .seconds(1)))
        #expect(scheduler.handle(.cancel(JobID(1)), at: Self.second(1)) == [.terminate(one)])
        #expect(scheduler.nextDeadline == Self.second(2))
        let effects = scheduler.handle(.ended(one, .exited(0), culprit: nil), at: Self.second(1.5))
        #expect(outcome(effects) == Outcome(.cancelled, code: 0, message: "it was cancelled while it ran"))
    }

    @Test func `nothing starts in a pool that ends`() {
        var scheduler = Self.scheduler(slots: 1)
        for job in 1...3 { _ = scheduler.handle(.submitted(JobID(job), Demand()), at: Self.second(0)) }
        _ = scheduler.handle(.launched(one, started: Self.second(0)), at: Self.second(0))
        let effects = scheduler.handle(.close, at: Self.second(1))
        #expect(effects.filter { $0 == .terminate(one) }.count == 1 && effects.count == 3)
        let late = scheduler.handle(.submitted(JobID(4), Demand()), at: Self.second(1))
        #expect(outcome(late)?.kind == .cancelled && late.count == 1)
        #expect(launched(scheduler.handle(.ended(one, .signaled(15), culprit: nil), at: Self.second(2))) == [])
        #expect(scheduler.isIdle)
    }

    @Test func `killing all leaves no grace`() {
        var scheduler = running(Demand(grace: .seconds(100)))
        _ = scheduler.handle(.cancelAll, at: Self.second(1))
        #expect(scheduler.handle(.killAll, at: Self.second(2)) == [.kill(one)])
        #expect(scheduler.handle(.killAll, at: Self.second(3)) == [])
    }
}
