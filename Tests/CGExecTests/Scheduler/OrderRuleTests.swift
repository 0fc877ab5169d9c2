import Testing

@testable import CGExec

/// Who starts when.
@Suite struct OrderRuleTests {
    private static func memory(_ bytes: UInt64, timeout: Double? = nil, priority: Int = 0) -> Demand {
        Demand(memory: ByteSize(bytes), timeout: timeout.map { .seconds($0) }, priority: priority)
    }

    @Test func `others go first only where they are gone before the head could start`() {
        var bench = SchedulerBench(budget: ByteSize(10))
        bench.submit(1, Self.memory(6, timeout: 100))
        bench.submit(2, Self.memory(8))
        #expect(bench.launched == [])
        bench.submit(3, Self.memory(3, timeout: 101))
        #expect(bench.launched == [], "it could still run at second 100")
        bench.submit(4, Self.memory(3, timeout: 100))
        #expect(bench.launched == [4])
        bench.submit(5, Self.memory(1))
        #expect(bench.launched == [5], "nobody knows its end, but it fits beside the head")
    }

    @Test func `nobody overtakes for ever`() {
        var bench = SchedulerBench(budget: ByteSize(10))
        bench.submit(1, Self.memory(6, timeout: 1000))
        bench.submit(2, Self.memory(8))
        for job in 3...18 {
            bench.submit(job, Self.memory(1, timeout: 1))
            #expect(bench.launched == [job])
            bench.end(job)
        }
        bench.submit(19, Self.memory(1, timeout: 1))
        #expect(bench.launched == [], "16 have overtaken it")
        bench.end(1)
        #expect(bench.launched == [2, 19])
    }

    @Test func `nobody overtakes after ten minutes`() {
        var bench = SchedulerBench(budget: ByteSize(10))
        bench.submit(1, Self.memory(6, timeout: 10_000))
        bench.submit(2, Self.memory(8))
        bench.submit(3, Self.memory(1, timeout: 1), at: 599)
        #expect(bench.launched == [3])
        bench.submit(4, Self.memory(1, timeout: 1), at: 600)
        #expect(bench.launched == [])
    }

    @Test func `by priority, then in the order of submission`() {
        var bench = SchedulerBench(slots: 1)
        for (job, priority) in [(1, 0), (2, 0), (3, 1), (4, -1), (5, 1)] {
            bench.submit(job, Demand(priority: priority))
        }
        var order: [Int] = []
        for job in [1, 3, 5, 2] {
            bench.end(job)
            order += bench.launched
        }
        #expect(order == [3, 5, 2, 4])
    }

    private static func need(_ category: String, priority: Int = 0) -> Demand {
        Demand(need: ByteSize(10), category: category, priority: priority)
    }

    /// Ends the first of those that run, and so on; the order in which the rest started.
    private static func order(_ bench: inout SchedulerBench, from first: Int) -> [Int] {
        var order: [Int] = []
        var last = first
        while true {
            bench.end(last) { $0.need = ByteSize(5) }
            guard let next = bench.launched.first else { return order }
            order.append(next)
            last = next
        }
    }

    @Test func `the first of a category goes before others, where its need is to be learned`() {
        var bench = SchedulerBench(slots: 1, budget: ByteSize(100))
        for (job, demand) in [
            Self.need("a"), Self.need("a"), Self.need("a"), Demand(category: "c"),
            Demand(memory: ByteSize(10), category: "d"), Self.need("b"), Self.need("b"), Self.need("e", priority: -1),
            Demand(priority: -1),
        ].enumerated() {
            bench.submit(job + 1, demand)
        }
        #expect(Self.order(&bench, from: 1) == [6, 2, 3, 4, 5, 7, 8, 9])
    }

    @Test(arguments: [
        (ByteSize(100), Policy(learnsMemory: false)), (nil, Policy()),
    ])
    func `nobody goes before others where nothing is learned or memory is not limited`(
        _ budget: ByteSize?, _ policy: Policy
    ) {
        var bench = SchedulerBench(slots: 1, budget: budget, policy: policy)
        for (job, category) in ["a", "a", "b", "a", "c"].enumerated() { bench.submit(job + 1, Self.need(category)) }
        #expect(Self.order(&bench, from: 1) == [2, 3, 4, 5])
    }

    @Test func `only a hundred ever go before others so`() {
        var bench = SchedulerBench(slots: 1, budget: ByteSize(100))
        bench.submit(1, Demand())
        bench.submit(2, Demand())
        for job in 3...200 { bench.submit(job, Self.need("category \(job)")) }
        #expect(Self.order(&bench, from: 1) == Array(3...102) + [2] + Array(103...200))
    }

    @Test func `solo means alone`() {
        var bench = SchedulerBench()
        bench.submit(1, Demand())
        bench.submit(2, Demand(isSolo: true))
        #expect(bench.launched == [])
        bench.end(1)
        #expect(bench.launched == [2])
        bench.submit(3, Demand())
        #expect(bench.launched == [])
        bench.end(2)
        #expect(bench.launched == [3])
    }

    @Test func `a start delay holds the next start`() {
        var bench = SchedulerBench()
        bench.submit(1, Demand(startDelay: .seconds(5)), at: 1)
        bench.submit(2, Demand(), at: 2)
        #expect(bench.launched == [] && bench.next == 6)
        bench.wake(at: 6)
        #expect(bench.launched == [2])
    }

    @Test(arguments: [true, false])
    func `what comes after waits`(needsSuccess: Bool) {
        var bench = SchedulerBench()
        bench.submit(1, Demand())
        bench.submit(2, Demand(dependencies: [Dependency(target: .job(JobID(1)), needsSuccess: needsSuccess)]))
        bench.submit(3, Demand(dependencies: [Dependency(target: .job(JobID(2)))]))
        #expect(bench.launched == [])
        bench.end(1, .exited(1))
        if needsSuccess {
            #expect(bench.finished[2]?.kind == .cancelled && bench.finished[2]?.cause == JobID(1))
            #expect(bench.finished[3]?.cause == JobID(2) && bench.scheduler.isIdle)
        } else {
            #expect(bench.launched == [2])
            bench.end(2)
            #expect(bench.launched == [3])
        }
    }

    @Test func `nothing starts until all that belongs together is known`() {
        var bench = SchedulerBench(slots: 1)
        bench.tell(.hold)
        bench.submit(1, Demand())
        bench.submit(2, Demand(priority: 1))
        bench.submit(3, Demand(priority: 5))
        #expect(bench.launched == [])
        bench.tell(.release)
        #expect(bench.launched == [3])
        bench.end(3)
        #expect(bench.launched == [2])
    }

    @Test func `a thousand that wait for each other fall one after another`() {
        var bench = SchedulerBench()
        bench.submit(1, Demand())
        for job in 2...50_000 { bench.submit(job, Demand(dependencies: [.init(target: .job(JobID(job - 1)))])) }
        bench.end(1, .exited(1))
        #expect(bench.finished.count == 50_000 && bench.scheduler.isIdle)
    }

    @Test func `groups count what is in them, and finish once`() {
        var bench = SchedulerBench()
        let (outer, inner) = (JobGroupID(1), JobGroupID(2))
        bench.tell(.opened(outer, GroupPlan()))
        bench.tell(.opened(inner, GroupPlan(parent: outer)))
        bench.submit(1, Demand(group: outer))
        #expect(bench.effects.contains(.groupStarted(outer)) && !bench.effects.contains(.groupStarted(inner)))
        bench.submit(2, Demand(group: inner))
        #expect(bench.effects.contains(.groupStarted(inner)) && !bench.effects.contains(.groupStarted(outer)))
        bench.end(2, .exited(3))
        #expect(!bench.effects.contains { if case .groupFinished = $0 { true } else { false } }, "more may come")
        bench.tell(.sealed(outer))
        #expect(bench.effects == [.groupFinished(inner, GroupCounts(added: 1, done: 0, terminated: 1))])
        bench.end(1)
        #expect(bench.effects.contains(.groupFinished(outer, GroupCounts(added: 2, done: 1, terminated: 1))))
    }

    @Test func `the time of a group counts from its first start`() {
        var bench = SchedulerBench(slots: 1)
        bench.tell(.opened(JobGroupID(1), GroupPlan(timeout: .seconds(10))))
        bench.submit(1, Demand(), at: 0)
        bench.submit(2, Demand(group: JobGroupID(1)), at: 0)
        bench.submit(3, Demand(group: JobGroupID(1)), at: 0)
        bench.end(1, at: 5)
        #expect(bench.launched == [2] && bench.next == 15)
        bench.wake(at: 15)
        #expect(bench.asked == [2] && bench.finished[3]?.kind == .cancelled)
        bench.submit(4, Demand(group: JobGroupID(1)), at: 15.5)
        #expect(bench.finished[4]?.kind == .cancelled, "it would run without a limit of time")
        bench.end(2, .signaled(15), at: 16)
        #expect(bench.finished[2]?.kind == .timeout && bench.finished[2]?.stage == "group")
    }
}
