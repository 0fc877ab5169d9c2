import Testing

@testable import CGExec
@testable import cgexec_pool

/// What a job file would do, on the simulated kernel.
@Suite struct JobFileTraceTests {
    private static let pool = Replay.pool(cores: 2, memory: .gib(8))

    private static let file = """
        defaults: {need: 2GiB, category: c}
        jobs:
          - {name: big, size: 10, command: [a], priority: 5}
          - {name: small, size: 1, command: [a]}
          - {name: last, size: 2, command: [a], after: [big, team], timeout: 9s}
          - {name: one, command: [a], group: team, category: other, timeout: 3s}
        """

    private static let past = [
        TraceJob(start: 0, category: "c", size: 9, peak: 0x1p30, seconds: 60, declared: 0x1p31),
        TraceJob(start: 1, category: "c", size: 1.5, peak: 0x1p29, seconds: 20, declared: 0x1p31),
        TraceJob(start: 2, category: "d", size: 1, peak: 0x1p28, seconds: 7, declared: 0x1p31, name: "small"),
    ]

    @Test func `times and needs come from the past, then from what is asked for`() throws {
        let trace = try JobFileTrace(Self.past, Self.pool).read(Self.file, name: "jobs.yaml")
        let found = Dictionary(uniqueKeysWithValues: trace.jobs.map { ($0.name ?? "", $0) })
        #expect(found["big"]?.seconds == 60 && found["big"]?.peak == 0x1p30 && found["big"]?.priority == 5)
        #expect(found["small"]?.seconds == 7, "by its name")
        #expect(found["last"]?.seconds == 20, "the nearest of its category goes before its timeout")
        #expect(found["one"]?.seconds == 3 && found["one"]?.peak == 0x1p31 && found["one"]?.declared == 0x1p31)
        let names = trace.jobs.map(\.name)
        #expect(Set(found["last"]?.after.map { names[$0] } ?? []) == ["big", "one"])
    }

    @Test func `what comes after others starts after them`() throws {
        let trace = try JobFileTrace(Self.past, Self.pool).read(Self.file, name: "jobs.yaml")
        let attempts = Self.pool.run(trace, .learned).attempts
        func attempt(_ name: String) -> Rehearsal.Attempt? { attempts.first { trace.jobs[$0.program].name == name } }
        let last = try #require(attempt("last"))
        #expect(last.started >= (attempt("big")?.ended ?? .infinity) && last.ended >= 80)
        #expect(attempts.count == 4)
    }

    @Test func `a job of which nobody knows how long it takes is named`() throws {
        let error = #expect(throws: Problems.self) {
            try JobFileTrace([], Self.pool).read(
                "jobs: [{command: [a]}, {command: [b], memory: 9GiB, timeout: 1s}]", name: "j.yaml")
        }
        #expect(
            error?.list.map(\.message) == [
                "nobody knows how long it takes: name the records of a run with --past, or set a timeout",
                "it needs more than the 8 GiB of the machine; give more with --memory",
            ])
    }

    @Test(arguments: [
        ("jobs.yaml", "x", true), ("jobs.json", "{", true), ("t.csv", "a:b", false),
        ("-", "jobs: [{command: [a]}]", true),
        ("-", #"{"command": ["a"]}"#, true), ("-", #"{"schema": 1, "outcome": {"kind": "ok"}}"#, false),
        ("-", "start_ms,category,size_bytes,peak_bytes,runtime_s,declared_bytes\n", false), ("-", "[]", true),
    ]) func `job files are told from records and traces`(_ name: String, _ text: String, _ expected: Bool) {
        #expect(JobFileTrace.isMeant(by: text, name: name) == expected)
    }
}
