import Testing

@testable import CGExec

/// What comes after a failure: chains, other attempts, a halt.
@Suite struct FailureRuleTests {
    private static func hard(_ bytes: UInt64, _ size: Double, _ category: String = "c") -> Demand {
        Demand(memory: ByteSize(bytes), category: category, size: size)
    }

    /// Job 1 of size 100 at 10 bytes; beside it and behind it others.
    private func chained(_ policy: Policy) -> SchedulerBench {
        var bench = SchedulerBench(slots: 4, policy: policy)
        bench.submit(1, Self.hard(10, 100))
        bench.submit(2, Self.hard(10, 120))
        bench.submit(3, Self.hard(10, 50))
        bench.submit(4, Self.hard(11, 500))
        bench.submit(5, Self.hard(10, 200))
        bench.submit(6, Self.hard(10, 200, "d"))
        bench.submit(7, Self.hard(12, 200))
        bench.submit(8, Self.hard(10, 0))
        return bench
    }

    @Test func `a hard limit ends the heavier ones that have no larger one`() {
        var bench = chained(Policy())
        bench.end(1, .signaled(9), .job)
        #expect(bench.finished[1]?.kind == .memory && bench.asked == [2])
        #expect(bench.finished[5]?.kind == .chained && bench.finished[5]?.cause == JobID(1))
        #expect(Set(bench.finished.keys) == [1, 5] && bench.launched == [6])
        bench.end(2, .signaled(15))
        #expect(bench.finished[2]?.kind == .chained && bench.finished[2]?.cause == JobID(1))
    }

    @Test(arguments: [Outcome.Culprit.pool, .ancestor, .host])
    func `only a job's own limit starts a chain`(culprit: Outcome.Culprit) {
        var bench = chained(Policy())
        bench.end(1, .signaled(9), culprit)
        #expect(bench.finished.count == 1 && bench.asked == [])
    }

    @Test func `chains that are off do nothing, and a report only notes`() {
        var bench = chained(Policy(chains: .off))
        bench.end(1, .signaled(9), .job)
        #expect(bench.finished.count == 1 && bench.asked == [] && bench.noted == [])
        bench = chained(Policy(chains: .report))
        bench.end(1, .signaled(9), .job)
        #expect(bench.finished.count == 1 && bench.asked == [] && bench.noted == [2, 5])
    }

    @Test func `a stall at its own limit chains as memory does`() {
        var bench = chained(Policy())
        bench.tell(.thrashed(AttemptID(job: JobID(1), number: 1)))
        #expect(bench.asked == [1])
        bench.end(1, .signaled(15))
        #expect(bench.finished[1]?.kind == .memory && bench.finished[1]?.stage == "thrash")
        #expect(bench.finished[5]?.kind == .chained && bench.asked == [2])
    }

    @Test func `time chains by size and slowdown, in proportion`() {
        func demand(_ size: Double, _ slowdown: Double, _ timeout: Double?) -> Demand {
            Demand(timeout: timeout.map { .seconds($0) }, category: "c", size: size, slowdown: slowdown)
        }
        var bench = SchedulerBench(slots: 1)
        bench.submit(1, demand(2, 3, 10))
        bench.submit(2, demand(6, 1, 10))  // as heavy
        bench.submit(3, demand(5, 1, 10))  // lighter
        bench.submit(4, demand(12, 1, 20))  // twice as heavy, with twice the time
        bench.submit(5, demand(12, 1, 21))  // with more
        bench.submit(6, demand(12, 1, nil))
        bench.wake(at: 10)
        bench.end(1, .signaled(15))
        #expect(bench.finished.mapValues(\.kind) == [1: .timeout, 2: .chained, 4: .chained])
    }

    @Test func `estimates are raised, for others too, and the third attempt is alone`() {
        var bench = SchedulerBench(slots: 4, budget: .mib(64), shares: true, policy: Policy(learnsMemory: false))
        func need(_ size: Double) -> Demand { Demand(need: .mib(4), category: "c", size: size) }
        bench.submit(1, need(1))
        #expect(bench.memory[1] == .mib(4))
        bench.submit(2, need(2))
        bench.submit(3, need(0.5))
        bench.end(1, .signaled(9), .job)
        #expect(bench.retried == [1] && bench.asked == [2] && bench.finished.isEmpty)
        let second = bench.memory[1] ?? .mib(0)
        #expect(second >= .mib(8))
        bench.end(2, .signaled(15))
        #expect(bench.retried == [2] && bench.memory[2] ?? .mib(0) > .mib(4))
        bench.end(2)
        bench.end(3)
        bench.submit(4, Demand())
        bench.end(1, .signaled(9), .job)
        #expect(bench.retried == [1] && bench.launched == [], "the third attempt waits until it is alone")
        bench.end(4)
        #expect(bench.memory[1] == .mib(64))
        bench.end(1, .signaled(9), .job)
        #expect(bench.finished[1]?.kind == .memory && bench.finished[1]?.culprit == .pool)
    }

    @Test func `a restart on timeout comes as often as it takes, and chains nothing`() {
        var bench = SchedulerBench(slots: 2)
        bench.submit(1, Demand(timeout: .seconds(1), category: "c", size: 1, restartsOnTimeout: true))
        bench.submit(2, Demand(timeout: .seconds(1000), category: "c", size: 2000))
        for attempt in 1...5 {
            bench.wake(at: Double(attempt))
            #expect(bench.asked == [1])
            bench.end(1, .signaled(15))
            #expect(bench.retried == [1] && bench.launched == [1] && bench.finished.isEmpty)
        }
        bench.end(1)
        #expect(bench.finished[1]?.kind == .ok)
    }

    @Test func `tries, their waits, and the fallback`() {
        var bench = SchedulerBench()
        let retry = Retry(2, on: [.code(75), .signal(11)], backOff: .seconds(2))
        bench.submit(1, Demand(retry: retry, hasFallback: true), at: 0)
        bench.end(1, .exited(75), at: 1)
        #expect(bench.retried == [1] && bench.launched == [] && bench.next == 3)
        bench.wake(at: 3)
        #expect(bench.launched == [1])
        bench.end(1, .signaled(11), at: 4)
        #expect(bench.next == 8, "the second wait is twice as long")
        bench.wake(at: 8)
        bench.end(1, .exited(75), at: 9)
        guard case .launch(let id, let grant)? = bench.effects.last else {
            Issue.record("\(bench.effects)")
            return
        }
        #expect(id.number == 4 && grant.isFallback)
        bench.end(1, .exited(75))
        #expect(bench.finished[1]?.kind == .exit, "a fallback is not tried again")
    }

    @Test func `another end is not tried again, nor a hard memory limit unless asked`() {
        var bench = SchedulerBench()
        bench.submit(1, Demand(retry: Retry(2, on: [.code(75)])))
        bench.end(1, .exited(1))
        #expect(bench.finished[1]?.kind == .exit)
        bench.submit(2, Demand(memory: ByteSize(5), retry: Retry(2)))
        bench.end(2, .signaled(9), .job)
        #expect(bench.finished[2]?.kind == .memory)
        bench.submit(3, Demand(memory: ByteSize(5), retry: Retry(2, on: [.memory])))
        bench.end(3, .signaled(9), .job)
        #expect(bench.retried == [3] && bench.memory[3] == ByteSize(5))
    }

    @Test func `a halt ends what waits, and what runs if it is to be now`() {
        for when in [Halt.When.now, .soon] {
            var bench = SchedulerBench(slots: 2, policy: Policy(halt: Halt(when, after: .failures(2))))
            for job in 1...6 { bench.submit(job, Demand()) }
            bench.end(1, .exited(1))
            #expect(bench.launched == [3])
            bench.end(2, .exited(1))
            #expect(Set(bench.finished.keys) == [2, 4, 5, 6] && bench.launched == [])
            #expect(bench.asked == (when == .now ? [3] : []))
            bench.submit(7, Demand())
            #expect(bench.finished[7]?.kind == .cancelled)
        }
    }

    @Test func `what stays in memory is taken off the budget, and looked at again`() {
        var bench = SchedulerBench(slots: 2, budget: ByteSize(100))
        bench.submit(1, Demand(memory: ByteSize(50)))
        bench.submit(2, Demand(memory: ByteSize(50)))
        bench.submit(3, Demand(memory: ByteSize(40)))
        bench.end(1) { $0.leftBehind = ByteSize(20) }
        #expect(bench.noted == [1] && bench.launched == [] && bench.effects.contains(.measureLeftBehind))
        bench.tell(.leftBehind(ByteSize(10)))
        #expect(bench.launched == [3])
        bench.submit(4, Demand(memory: ByteSize(95)))
        bench.end(2)
        bench.tell(.leftBehind(ByteSize(10)))
        bench.end(3)
        bench.tell(.leftBehind(ByteSize(10)))
        #expect(bench.finished[4]?.kind == .launchError && bench.finished[4]?.message?.contains("job 1") == true)
    }

    @Test func `who is cancelled in the grace of a restart does not start again`() {
        for cancel in [Event.cancel(JobID(1)), .cancelAll] {
            var bench = SchedulerBench()
            bench.submit(1, Demand(timeout: .seconds(1), restartsOnTimeout: true))
            bench.wake(at: 1)
            #expect(bench.asked == [1])
            bench.tell(cancel, at: 1.5)
            bench.end(1, .signaled(15), at: 2)
            #expect(bench.retried == [] && bench.finished[1] != nil && bench.scheduler.isIdle)
        }
    }

    @Test func `a little that stays in memory makes shares smaller, and refuses nobody`() {
        var bench = SchedulerBench(slots: 1, budget: .mib(64), shares: true)
        bench.submit(1, Demand())
        bench.submit(2, Demand())
        bench.end(1) { $0.leftBehind = .kib(4) }
        #expect(bench.memory[2] == ByteSize((64 << 20) - (4 << 10)))
    }

    @Test func `where all there is was too little, others like it never start`() {
        var bench = SchedulerBench(slots: 1, budget: .mib(64), shares: true)
        for job in 1...3 { bench.submit(job, Demand(category: "c", size: Double(job))) }
        bench.end(1, .signaled(9), .job)
        #expect(bench.finished.mapValues(\.kind) == [1: .memory, 2: .chained, 3: .chained])
    }

    @Test func `sizes out of all proportion are compared all the same`() {
        var bench = SchedulerBench(slots: 1)
        let timeout = Duration.hours(1)
        bench.submit(1, Demand(timeout: timeout, category: "c", size: 1e-300, slowdown: 1e-5))
        bench.submit(2, Demand(timeout: timeout, category: "c", size: 1e300, slowdown: 1e300))
        bench.wake(at: 3600)
        bench.end(1, .signaled(15))
        #expect(bench.finished.mapValues(\.kind) == [1: .timeout, 2: .chained])
    }

    @Test func `a report notes a job once`() {
        var bench = SchedulerBench(slots: 2, policy: Policy(chains: .report))
        bench.submit(1, Self.hard(10, 1))
        bench.submit(2, Self.hard(10, 1))
        bench.submit(3, Self.hard(10, 2))
        bench.end(1, .signaled(9), .job)
        #expect(bench.noted.sorted() == [2, 3])
        bench.end(2, .signaled(9), .job)
        #expect(bench.noted == [])
    }
}
