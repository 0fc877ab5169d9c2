import Support
import Testing

@testable import CGExec
@testable import cgexec_pool

/// The formats that are no XML and no CSV.
@Suite struct TextExportTests {
    // MARK: Names

    @Test func `no two results have one name`() {
        let data = ReportSamples.data(
            ReportSamples.attempt("a", id: 1), ReportSamples.attempt("a", id: 2), ReportSamples.attempt("a (2)", id: 3),
            ReportSamples.attempt("a", id: 4) { $0.repeat = 2 },
            ReportSamples.attempt("a", id: 5) { ($0.repeat, $0.warmup) = (1, true) },
            ReportSamples.attempt("a", id: 6))
        #expect(
            data.namedResults.map(\.name) == ["a", "a (2)", "a (2) (2)", "a #2", "a warm-up 1", "a (3)"])
    }

    // MARK: Joblog

    @Test func `a line for each job that ran, in the order of the ends`() {
        let data = ReportSamples.data(
            ReportSamples.attempt("late", Outcome(.signal, signal: 9), id: 2, at: 5) {
                $0.argv = ["printf", "a\nb\t\u{1}1'\\"]
            },
            ReportSamples.attempt("again", Outcome(.exit, code: 3), id: 1, isLast: false),
            ReportSamples.attempt("again", Outcome(.timeout, code: 0), id: 1) {
                $0.output = .init(stdout: .init(bytes: 7))
            },
            ReportSamples.attempt("never", Outcome(.cancelled), id: 3, at: nil))
        #expect(
            JoblogExport.render(data)
                == """
                Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand
                2\t:\t1767225605.250\t     1.500\t0\t0\t0\t9\tprintf $'a\\nb\\t\\0011\\'\\\\'
                1\t:\t1767225600.250\t     1.500\t0\t7\t-1\t0\tsh -c 'exit 0'

                """)
    }

    // MARK: hyperfine

    @Test func `repetitions are the runs of one result`() throws {
        func run(_ number: Int, _ seconds: Double, _ outcome: Outcome = Outcome(.ok, code: 0)) -> ReportData.Attempt {
            ReportSamples.attempt("a", outcome, id: number) {
                ($0.repeat, $0.wallSeconds, $0.params) = (number, seconds, ["x": "1"])
                $0.usage = ReportSamples.usage
            }
        }
        var warmup = run(1, 100)
        warmup.record.warmup = true
        let data = ReportSamples.data(
            warmup, run(2, 1), run(3, 4, Outcome(.signal, signal: 9)), run(4, 2), run(5, 3, Outcome(.timeout, code: 0)),
            ReportSamples.attempt("single", id: 6), ReportSamples.attempt("never", Outcome(.cancelled), id: 7, at: nil))
        let json = try JSONValue(parsing: HyperfineExport.render(data))
        guard case .list(let results) = json["results"] else { throw Trouble("no results in \(json)") }
        try #require(results.count == 2)
        #expect(results[0]["times"] == .list([1, 4, 2, 3].map { .number($0) }))
        #expect(results[0]["exit_codes"] == .list([.number(0), .number(137), .number(0), .null]))
        for (key, value) in ["mean": 2.5, "median": 2.5, "min": 1, "max": 4, "user": 0.000_01, "system": 0.000_002] {
            #expect(results[0][key] == .number(value), "\(key)")
        }
        guard case .number(let deviation) = results[0]["stddev"] else { throw Trouble("no stddev in \(results[0])") }
        // Of 1, 2, 3, 4 as a sample.
        #expect((deviation - (5.0 / 3).squareRoot()).magnitude < 1e-12)
        #expect(results[0]["command"] == .text("sh -c 'exit 0'") && results[0]["parameters"]?["x"] == .text("1"))
        #expect(results[0]["memory_usage_byte"] == .list(Array(repeating: .number(1_048_576), count: 4)))
        #expect(results[1]["median"] == .number(1.5) && results[1]["parameters"] == nil)
        for key in ["stddev", "user", "system"] { #expect(results[1][key] == .null, "\(key)") }
        #expect(results[1]["memory_usage_byte"] == nil)
    }

    // MARK: JSON

    @Test func `records stay what they were`() throws {
        var data = ReportSamples.data(
            ReportSamples.attempt("a", Outcome(.exit, code: 1), isLast: false) { $0.usage = ReportSamples.usage },
            ReportSamples.attempt("a"), ReportSamples.attempt("b", Outcome(.exit, code: 2), id: 2))
        data.unfinished = ["c"]
        let json = try JSONValue(parsing: JSONExport.render(data))
        #expect(json["jobs"]?.integer == 2 && json["unfinished"] == .list([.text("c")]))
        #expect(json["outcomes"] == .object(["ok": .number(1), "exit": .number(1)]))
        #expect(json["machines"] == nil)
        guard case .list(let records) = json["records"] else { throw Trouble("no records in \(json)") }
        #expect(records.map { $0["isLast"] } == [.bool(false), .bool(true), .bool(true)])
        for (record, attempt) in zip(records, data.attempts) {
            var own = try JSONValue(parsing: attempt.record.jsonLine()).object
            own["isLast"] = .bool(attempt.isLast)
            #expect(record.object == own)
        }
    }

    // MARK: Markdown

    @Test func `names are no markup`() {
        #expect(
            MarkdownExport.escaped("a\\|b *c* _d_ `e` [f](g) <h> &amp; ~i~ $j$ #1\nk\u{1B}")
                == ##"a\\|b \*c\* \_d\_ \`e\` \[f\](g) \<h\> \&amp; \~i\~ \$j\$ \#1 k"## + "\u{FFFD}")
        var data = ReportSamples.data(ReportSamples.attempt("a\\|b"))
        data.unfinished = ["x_y"]
        data.machines = [HostDescription(name: "h", kernel: "6.1", cpus: CPUSet([0]))]
        #expect(
            MarkdownExport.render(data, bySlot: false)
                == #"""
                | job    | outcome | wall s |
                |--------|---------|-------:|
                | a\\\|b | ok      |  1.500 |

                1 job: 1 ok

                the run goes on, or was killed; started and not known to have ended: x\_y

                - h, Linux 6.1, 1 CPU

                """#)
    }

    @Test func `by slot and start`() {
        let data = ReportSamples.data(
            ReportSamples.attempt("b", id: 2, at: 4) { $0.slot = 0 },
            ReportSamples.attempt("a", Outcome(.exit, code: 1), at: 2, isLast: false) { $0.slot = 0 },
            ReportSamples.attempt("a", at: 3) { ($0.slot, $0.attempt) = (1, 2) },
            ReportSamples.attempt("never", Outcome(.cancelled), id: 3, at: nil))
        #expect(
            AttemptTables(data, bySlot: true).text
                == """
                Slot 0

                | start s | job | outcome | attempt | wall s |
                |--------:|-----|---------|---------|-------:|
                |   0.000 | a   | exit 1  | 1       |  1.500 |
                |   2.000 | b   | ok      |         |  1.500 |

                Slot 1

                | start s | job | outcome | attempt | wall s |
                |--------:|-----|---------|---------|-------:|
                |   1.000 | a   | ok      | 2       |  1.500 |

                Without a slot

                | job   | outcome   |
                |-------|-----------|
                | never | cancelled |

                3 jobs: 2 ok, 1 cancelled
                """)
        #expect(MarkdownExport.render(data, bySlot: true).contains("### Slot 1\n\n| start s |"))
    }
}
