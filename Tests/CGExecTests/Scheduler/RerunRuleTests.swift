import Testing

@testable import CGExec

/// Jobs whose figures matter run again when they are invalid.
@Suite struct RerunRuleTests {
    private static func measured(_ change: (inout Demand) -> Void = { _ in }) -> Demand {
        var demand = Demand(rerunsInvalid: true)
        change(&demand)
        return demand
    }

    private static func spoil(_ end: inout AttemptEnd) { end.isInvalid = true }

    @Test func `invalid figures are made again, the last time alone`() {
        var bench = SchedulerBench(slots: 2)
        bench.submit(1, Self.measured())
        bench.submit(2, Demand())
        bench.end(1, .exited(0), nil, Self.spoil)
        #expect(bench.retried == [1] && bench.launched == [1], "beside the other")
        bench.end(1, .exited(0), nil, Self.spoil)
        #expect(bench.retried == [1] && bench.launched == [], "it waits until it is alone")
        bench.end(2)
        #expect(bench.launched == [1])
        bench.submit(3, Demand())
        #expect(bench.launched == [])
        bench.end(1, .exited(0), nil, Self.spoil)
        #expect(bench.finished[1]?.kind == .ok && bench.launched == [3], "twice is enough")
    }

    @Test func `what is valid, or does not matter, is not made again`() {
        var bench = SchedulerBench(slots: 2)
        bench.submit(1, Self.measured())
        bench.submit(2, Demand())
        bench.end(1)
        #expect(bench.finished[1]?.kind == .ok)
        bench.end(2, .exited(0), nil, Self.spoil)
        #expect(bench.finished[2]?.kind == .ok)
    }

    @Test(arguments: [AttemptStatus.exited(0), .exited(10)])
    func `a program's own end is none that forbids it`(_ status: AttemptStatus) {
        var bench = SchedulerBench(slots: 1, policy: Policy(reruns: 1))
        bench.submit(1, Self.measured())
        bench.end(1, status, nil, Self.spoil)
        #expect(bench.retried == [1] && bench.launched == [1])
    }

    @Test func `a limit that ended it is a result`() {
        var bench = SchedulerBench(slots: 1)
        bench.submit(1, Self.measured { $0.memory = ByteSize(10) })
        bench.end(1, .signaled(9), .job, Self.spoil)
        #expect(bench.finished[1]?.kind == .memory)
        bench.submit(2, Self.measured { $0.timeout = .seconds(1) })
        bench.wake(at: 1)
        bench.end(2, .signaled(15), nil, Self.spoil)
        #expect(bench.finished[2]?.kind == .timeout)
    }

    @Test func `none are made where none are wanted, or everything ends`() {
        var bench = SchedulerBench(slots: 1, policy: Policy(reruns: 0))
        bench.submit(1, Self.measured())
        bench.end(1, .exited(0), nil, Self.spoil)
        #expect(bench.finished[1]?.kind == .ok)
        bench = SchedulerBench(slots: 1)
        bench.submit(1, Self.measured())
        bench.tell(.close)
        bench.end(1, .exited(0), nil, Self.spoil)
        #expect(bench.finished[1] != nil && bench.launched == [])
    }

    @Test func `nothing is learned from what was disturbed`() {
        var bench = SchedulerBench(slots: 1, policy: Policy(reruns: 0))
        for (number, isSpoiled) in [(1, true), (2, false)] {
            bench.submit(number, Demand(category: "c", program: ProgramVersion(path: "p", digest: "d")))
            bench.end(number) { end in
                end.need = ByteSize(10)
                end.isInvalid = isSpoiled
            }
            let learned = bench.effects.contains { if case .learned = $0 { true } else { false } }
            #expect(learned == !isSpoiled)
        }
    }
}
