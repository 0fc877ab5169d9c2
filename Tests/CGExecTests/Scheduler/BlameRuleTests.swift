import Testing

@testable import CGExec

/// Who is named, by a name and a number, when a job is given up for what became of others.
@Suite struct BlameRuleTests {
    private static func named(_ name: String, after: [Dependency] = [], group: Int? = nil) -> Demand {
        Demand(name: name, group: group.map { JobGroupID($0) }, dependencies: after)
    }

    @Test func `the job that it comes after`() {
        var bench = SchedulerBench()
        bench.submit(1, Self.named("first"))
        bench.submit(2, Self.named("second", after: [.init(target: .job(JobID(1)))]))
        bench.end(1, .exited(3))
        let message = "job 'first', which it comes after, did not succeed"
        #expect(bench.finished[2] == Outcome(.cancelled, cause: JobID(1), message: message))
        bench.submit(3, Self.named("late", after: [.init(target: .job(JobID(1)))]))
        let number = "job 1, which it comes after, did not succeed"
        #expect(bench.finished[3] == Outcome(.cancelled, cause: JobID(1), message: number))
    }

    @Test func `the first failed job of the group that it comes after`() {
        var bench = SchedulerBench()
        let (outer, inner) = (JobGroupID(1), JobGroupID(2))
        bench.tell(.opened(outer, GroupPlan(name: "all")))
        bench.tell(.opened(inner, GroupPlan(name: "all/inner", parent: outer)))
        for (id, name) in [(1, "a"), (2, "b"), (3, "c")] { bench.submit(id, Self.named(name, group: 2)) }
        bench.tell(.sealed(outer))
        bench.submit(4, Self.named("late", after: [.init(target: .group(outer))]))
        bench.end(1)
        bench.end(3, .exited(1))
        bench.end(2, .exited(1))
        let message = "not all of group 'all', which it comes after, succeeded: job 'c' was the first that did not"
        #expect(bench.finished[4] == Outcome(.cancelled, cause: JobID(3), message: message))
    }

    @Test func `the group whose time was over`() {
        var bench = SchedulerBench(slots: 1)
        bench.tell(.opened(JobGroupID(1), GroupPlan(name: "night", timeout: .seconds(10))))
        bench.submit(1, Self.named("a", group: 1), at: 0)
        bench.submit(2, Self.named("b", group: 1), at: 0)
        bench.wake(at: 10)
        #expect(bench.finished[2]?.message == "the time of group 'night' was over before it started")
        bench.end(1, .signaled(15), at: 10)
        #expect(bench.finished[1]?.message == "the time of group 'night' was over")
    }

    @Test(arguments: [(1, "job 'a' failed"), (2, "2 jobs failed, the last of them job 'b'")])
    func `the job after which all is ended`(_ failures: Int, _ what: String) {
        var bench = SchedulerBench(slots: 3, policy: Policy(halt: Halt(.now, after: .failures(failures))))
        for (id, name) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] { bench.submit(id, Self.named(name)) }
        bench.submit(5, Self.named("e", after: [.init(target: .job(JobID(3)))]))
        if failures == 2 { bench.end(1, .exited(1)) }
        bench.end(failures, .exited(1))
        let message = "\(what), and that was to end the rest (halt)"
        #expect(bench.finished[5] == Outcome(.cancelled, cause: JobID(failures), message: message))
        bench.end(3, .signaled(15))
        #expect(bench.finished[3] == Outcome(.cancelled, signal: 15, cause: JobID(failures), message: message))
        bench.submit(6, Self.named("f"))
        #expect(bench.finished[6] == Outcome(.cancelled, cause: JobID(failures), message: message))
    }

    @Test func `the job that began a chain`() {
        var bench = SchedulerBench(slots: 2)
        let demand = { (name: String) in Demand(name: name, memory: ByteSize(10), category: "c", size: 1) }
        for (id, name) in [(1, "a"), (2, "b"), (3, "c")] { bench.submit(id, demand(name)) }
        bench.end(1, .signaled(9), .job)
        let message = "job 'a', of the same category and not heavier, failed at a limit that is not smaller"
        #expect(bench.finished[3] == Outcome(.chained, cause: JobID(1), message: message))
        bench.end(2, .signaled(15))
        #expect(bench.finished[2] == Outcome(.chained, signal: 15, cause: JobID(1), message: message))
    }

    @Test func `a job without a name is called by its number`() {
        #expect(Blame(id: JobID(7), name: "").description == "job 7")
    }
}
