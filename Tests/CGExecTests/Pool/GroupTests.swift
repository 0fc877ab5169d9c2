import Support
import Testing

@testable import CGExec

/// Groups on the simulated kernel: how they are counted, ended and named.
@Suite struct GroupTests {
    private typealias Program = SimulatedKernel.Program

    /// A pool that notes what it tells of its groups.
    private final class Groups {
        let pool: SimulatedPool
        var core: PoolCore { pool.core }
        private(set) var started: [JobGroupID] = []
        private(set) var finished: [JobGroupID] = []
        private(set) var counts: [JobGroupID: GroupCounts] = [:]

        init(slots: Int = 1, program: @escaping (LaunchPlan) -> Program = SimulatedPool.second) {
            pool = SimulatedPool(slots: slots, program: program)
            pool.core.onGroupStart = { [unowned self] id in started.append(id) }
            pool.core.onGroupEnd = { [unowned self] id, counts in
                finished.append(id)
                self.counts[id] = counts
            }
        }

        func open(_ name: String, in parent: JobGroupID? = nil, timeout: Duration? = nil) -> JobGroupID {
            core.openGroup(name, in: parent, timeout: timeout)
        }

        func run() -> [Record] {
            pool.kernel.run()
            return pool.records.sorted { $0.id < $1.id }
        }
    }

    @Test func `a record has the names of its groups`() {
        let groups = Groups()
        let outer = groups.open("outer")
        let inner = groups.open("inner", in: outer)
        _ = groups.core.submit(Job("a", ["p"]), in: inner)
        _ = groups.core.submit(Job("b", ["p"]), in: outer)
        _ = groups.core.submit(Job("c", ["p"]))
        #expect(groups.run().map(\.task) == ["outer/inner", "outer", nil])
        #expect(groups.started == [outer, inner] && groups.finished.isEmpty)
    }

    @Test func `what is cancelled while it waits counts, and its group finishes`() {
        let groups = Groups()
        let group = groups.open("g")
        let first = groups.core.submit(Job("a", ["p"]), in: group)
        let second = groups.core.submit(Job("b", ["p"]), in: group)
        groups.core.sealGroup(group)
        #expect(groups.core.counts(of: group) == GroupCounts(added: 2, done: 0, terminated: 0))
        groups.core.cancel(second)
        #expect(groups.core.counts(of: group) == GroupCounts(added: 2, done: 0, terminated: 1))
        #expect(groups.run().map(\.outcome.kind) == [.ok, .cancelled])
        #expect(groups.counts == [group: GroupCounts(added: 2, done: 1, terminated: 1)])
        #expect(groups.core.counts(of: group) == nil && first < second)
    }

    @Test func `the time of a group ends what runs and drops what waits`() {
        let groups = Groups { _ in Program(duration: .seconds(60)) }
        let group = groups.open("g", timeout: .seconds(90))
        for name in ["a", "b", "c"] { _ = groups.core.submit(Job(name, ["p"]), in: group) }
        _ = groups.core.submit(Job("other", ["p"]))
        groups.core.sealGroup(group)
        let records = groups.run()
        #expect(records.map(\.outcome.kind) == [.ok, .timeout, .cancelled, .ok])
        #expect(records[1].outcome.stage == "group" && records[1].wallSeconds == 30)
        #expect(groups.counts == [group: GroupCounts(added: 3, done: 1, terminated: 2)])
    }

    @Test func `a job comes after a whole group`() {
        let groups = Groups(slots: 4)
        let group = groups.open("g")
        for _ in 0..<3 { _ = groups.core.submit(Job("j", ["p"]), in: group) }
        groups.core.sealGroup(group)
        var last = Job("last", ["p"])
        last.after = [.group(group)]
        _ = groups.core.submit(last)
        #expect(groups.run().compactMap { SimulatedPool.seconds($0.times.started) } == [0, 0, 0, 1])
    }

    @Test func `the end of the pool finishes every group, sealed or not`() {
        let groups = Groups { _ in Program(duration: .seconds(60)) }
        let outer = groups.open("outer")
        let inner = groups.open("inner", in: outer)
        let empty = groups.open("empty")
        for _ in 0..<3 { _ = groups.core.submit(Job("j", ["p"]), in: inner) }
        groups.pool.run(untilStarted: 1)
        groups.core.close()
        #expect(groups.finished == [empty])
        groups.pool.kernel.run()
        #expect(groups.finished == [empty, inner, outer])
        #expect(groups.counts[inner] == GroupCounts(added: 3, done: 0, terminated: 3))
        #expect(groups.counts[outer] == GroupCounts(added: 1, done: 0, terminated: 1))
        #expect(groups.counts[empty] == GroupCounts())
    }

    @Test func `both streams into one file are one stream`() {
        let pool = SimulatedPool(program: SimulatedPool.second)
        _ = pool.run([
            Job("j", ["p"], stdout: .file("f"), stderr: .file("f")),
            Job("j", ["p"], stdout: .append("f"), stderr: .append("f")),
            Job("j", ["p"], stdout: .file("f"), stderr: .file("g")), Job("j", ["p"]),
        ])
        let plans = pool.kernel.launches
        #expect(plans.map(\.stdout) == [.file("f"), .append("f"), .file("f"), .capture(Job.captureCap)])
        #expect(plans.map(\.stderr) == [.stdout, .stdout, .file("g"), .capture(Job.captureCap)])
    }

    @Test func `attempts that others follow are told of, and end nothing`() {
        let groups = Groups { plan in
            Program(duration: .seconds(plan.attempt.number < 4 ? 60 : 1))
        }
        let group = groups.open("g")
        var job = Job("j", ["p"], limits: Limits(timeout: .seconds(5)))
        job.restartsOnTimeout = true
        _ = groups.core.submit(job, in: group)
        groups.core.sealGroup(group)
        #expect(groups.run().map(\.outcome.kind) == [.ok])
        #expect(groups.pool.attempts.map(\.outcome.kind) == [.timeout, .timeout, .timeout])
        #expect(groups.pool.attempts.allSatisfy { $0.task == "g" })
        #expect(groups.started == [group] && groups.finished == [group])
        #expect(groups.counts[group] == GroupCounts(added: 1, done: 1, terminated: 0))
    }
}
