import Testing

@testable import CGExec
@testable import cgexec_pool

@Suite struct RecordsReaderTests {
    private static let pool = Replay.pool(cores: 4, memory: .gib(8))

    private static func read(_ text: String, _ replay: Replay = pool) throws -> Trace {
        try RecordsReader.read(text, name: "r.jsonl", replay: replay)
    }

    /// A record as `run --json` writes it.
    private static func record(
        _ kind: Outcome.Kind = .ok, started second: Int64 = 1, need: UInt64? = 100, peak: UInt64? = 200,
        _ change: (inout Record) -> Void = { _ in }
    ) throws -> String {
        var limits = Limits()
        limits.memory = .mib(512)
        var record = Record(
            id: JobID(1), name: "j", attempt: 1, argv: ["p"], outcome: Outcome(kind), times: .init(), limits: limits,
            enforcement: [:])
        record.times.started = Timestamp(nanosecondsSinceEpoch: second * 1_000_000_000)
        record.wallSeconds = 1.5
        record.category = "c"
        record.size = 7
        var usage = Usage()
        (usage.needPeakBytes, usage.memoryPeakBytes) = (need, peak)
        record.usage = usage
        change(&record)
        return try record.jsonLine()
    }

    @Test func `what the pool wrote, in the order of the starts`() throws {
        let text = try [
            Self.record(started: 20), Self.record(started: 3, need: nil),
            Self.record(started: 10) { $0.limits.need = .mib(64) },
            Self.record(started: 11) { $0.limits.need = .fraction(0.25) },
        ]
        let trace = try Self.read("\n  \n" + text.joined(separator: "\n") + "\n")
        let declared = [512, 64, 2048, 512].map { Double($0 << 20) }
        #expect(
            trace.jobs
                == zip(declared, [200.0, 100, 100, 100]).enumerated().map {
                    TraceJob(
                        start: Double($0.offset), category: "c", size: 7, peak: $0.element.1, seconds: 1.5,
                        declared: $0.element.0, name: "j")
                })
        #expect(trace.leftOut == 0)
    }

    @Test func `who asked for nothing gets a share, and who has no category learns from nobody`() throws {
        let text = try (1...3).map { _ in
            try Self.record {
                $0.limits = Limits()
                ($0.category, $0.size) = (nil, nil)
            }
        }.joined(separator: "\n")
        let jobs = try Self.read(text).jobs
        #expect(jobs.map(\.category) == ["r.jsonl:1", "r.jsonl:2", "r.jsonl:3"])
        #expect(jobs.allSatisfy { $0.size == 0 && $0.declared == 0x1p31 })
        #expect(try Self.read(text, .sequential(memory: .gib(8))).jobs.allSatisfy { $0.declared == 0x1p33 })
    }

    @Test func `attempts that tell no need are left out, and counted`() throws {
        let text = try [
            Self.record(), Self.record(.memory), Self.record(.postponed), Self.record(need: nil, peak: nil),
            Self.record { $0.wallSeconds = nil },
        ]
        let trace = try Self.read(text.joined(separator: "\n"))
        #expect(trace.jobs.count == 1 && trace.leftOut == 4)
        let error = #expect(throws: Problems.self) { try Self.read(text[1]) }
        #expect(error?.list.map(\.message).first?.hasPrefix("of no attempt that succeeded") == true)
    }

    @Test func `all problems at once, with line and column`() throws {
        let text = try [
            #"{"outcome": {"kind": "ok"}, "wallSeconds": "long", "usage": {"needPeakBytes": -1}}"#, Self.record(),
            #"{"name": "no record"}"#, "[1]", #"{"outcome": {"kind": "ok"}, "category": ["a"], "limits": {"need": 0}}"#,
            #"{"outcome" "ok"}"#, Self.record(need: 9 << 30),
        ].joined(separator: "\n")
        let error = #expect(throws: Problems.self) { try Self.read(text) }
        #expect(
            error?.description == """
                r.jsonl:1:44: wallSeconds: 'long' is not a number from 0 on
                r.jsonl:1:79: usage.needPeakBytes: '-1' is not a number from 0 on
                r.jsonl:3:1: no record: the key outcome.kind is missing
                r.jsonl:4:1: a record is an object, not a list
                r.jsonl:5:41: category: a single value is expected, not a list
                r.jsonl:5:67: limits.need: '0' is not a number of bytes, 1 or more, or a percentage
                r.jsonl:6:12: not JSON: expected : after the key 'outcome'
                r.jsonl:7:1: usage.needPeakBytes: it needs more than the 8 GiB of the machine; give more with --memory
                8 problems; nothing was started
                """)
    }

    @Test(arguments: [("{}", true), ("\n\t {", true), ("start_ms,category", false), ("", false), ("\"{\"", false)])
    func `records are told from a trace by how they begin`(_ text: String, _ isMeant: Bool) {
        #expect(RecordsReader.isMeant(by: text) == isMeant)
    }
}
