import Testing

@testable import CGExec

/// What the lines of a journal come to.
@Suite struct JournalStateTests {
    private static func entry(
        _ event: JournalEntry.Kind, run: Int = 1, _ change: (inout JournalEntry) -> Void = { _ in }
    )
        -> JournalEntry
    {
        var entry = JournalEntry(event, at: Timestamp(nanosecondsSinceEpoch: 0), run: run)
        change(&entry)
        return entry
    }

    private static func begun(_ run: Int) -> JournalEntry {
        entry(.begun, run: run) { $0.owner = .init(host: "h", pid: 7) }
    }

    private static func start(_ id: Int, _ key: String, run: Int = 1) -> JournalEntry {
        entry(.start, run: run) { ($0.id, $0.attempt, $0.key, $0.name) = (JobID(id), 1, key, "n") }
    }

    private static func end(_ id: Int, _ key: String, _ kind: Outcome.Kind, isLast: Bool = true, run: Int = 1)
        -> JournalEntry
    {
        entry(.end, run: run) {
            var record = Record.cancelled(JobID(id), Job("n", ["x"]), because: "")
            record.attempt = 1
            record.outcome = Outcome(kind)
            ($0.record, $0.key, $0.isLast) = (record, key, isLast)
        }
    }

    private static func state(_ entries: [JournalEntry]) -> JournalState {
        var state = JournalState()
        for entry in entries { state.apply(entry) }
        return state
    }

    @Test func `what is begun runs until it is over`() {
        let first = Self.state([Self.begun(1), Self.start(1, "a"), Self.start(2, "b"), Self.end(1, "a", .ok)])
        #expect(first.running == [.init(run: 1, id: JobID(2), number: 1): "b"])
        #expect(first.ended.mapValues { $0.map(\.outcome.kind) } == ["a": [.ok]])
        #expect(first.unfinished?.pid == 7)
        // A run that takes it up: nothing of the dead one runs any more.
        let second = Self.state([
            Self.begun(1), Self.start(1, "a"), Self.start(2, "b"), Self.end(1, "a", .ok), Self.begun(2),
            Self.entry(.finished, run: 2),
        ])
        #expect(second.running.isEmpty && second.unfinished == nil && second.run == 2)
    }

    @Test(arguments: Outcome.Kind.allCases) func `only what was run to its end is a result`(kind: Outcome.Kind) {
        let state = Self.state([Self.begun(1), Self.start(1, "a"), Self.end(1, "a", kind)])
        let isResult = ![.cancelled, .postponed, .lost, .chained].contains(kind)
        #expect((state.ended["a"] != nil) == isResult)
    }

    @Test func `an attempt that another follows is none`() {
        #expect(Self.state([Self.start(1, "a"), Self.end(1, "a", .exit, isLast: false)]).ended.isEmpty)
    }

    @Test func `jobs that are alike have a record each, those that went well first`() {
        var state = Self.state([Self.end(1, "a", .exit), Self.end(2, "a", .ok), Self.end(3, "a", .timeout)])
        var retrying = state
        #expect(
            (0..<4).map { _ in state.take("a", name: "n", successOnly: false)?.outcome.kind } == [
                .ok, .exit, .timeout, nil,
            ])
        #expect((0..<2).map { _ in retrying.take("a", name: "x", successOnly: true)?.outcome.kind } == [.ok, nil])
        #expect(state.take("b", name: "n", successOnly: false) == nil)
    }
}
