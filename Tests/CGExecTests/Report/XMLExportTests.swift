import Testing

@testable import CGExec
@testable import cgexec_pool

@Suite struct XMLExportTests {
    @Test func `what XML 1.0 forbids is replaced, and what it changes is escaped`() {
        let text = "a\u{0}\u{1B}[1m\u{FFFE}<&>]]>\"\t\n\r\u{1F600}\u{85}"
        #expect(
            XMLElement.escaped(text)
                == "a\u{FFFD}\u{FFFD}[1m\u{FFFD}&lt;&amp;&gt;]]&gt;\"\t\n&#13;\u{1F600}\u{85}")
        #expect(XMLElement.escaped("\"\t\n\r", isAttribute: true) == "&quot;&#9;&#10;&#13;")
    }

    @Test func `an element`() {
        let element = XMLElement("a", [("b", "1"), ("c", nil)], [XMLElement("d"), XMLElement("e", text: "")])
        #expect(
            element.document
                == """
                <?xml version="1.0" encoding="UTF-8"?>
                <a b="1">
                  <d/>
                  <e></e>
                </a>

                """)
    }

    // MARK: JUnit

    @Test func `each end is a pass, a failure, an error or skipped`() {
        let kinds = Outcome.Kind.allCases
        var data = ReportSamples.data()
        data.attempts = kinds.enumerated().map { index, kind in
            ReportSamples.attempt("j", Outcome(kind, message: "why"), id: index + 1, at: Int64(index))
        }
        data.attempts.append(ReportSamples.attempt("j", Outcome(.exit, code: 1), isLast: false))
        let text = JUnitExport.render(data)
        #expect(text.contains(#"<testsuites tests="13" failures="7" errors="2" skipped="3" time="13.5">"#))
        #expect(text.contains(#"name="suite.journal" tests="13""#))
        #expect(text.contains(#"timestamp="2026-01-01T00:00:00""#) && !text.contains("hostname"))
        #expect(text.matches(of: #/<testcase /#).count == 13)
        let counts = ["failure", "error", "skipped"].map { text.split(separator: "<\($0) message=\"why\"").count - 1 }
        #expect(counts == [7, 2, 3])
        #expect(text.contains(#"<testcase name="j (13)" classname="jobs" time="1.5">"#))
    }

    @Test func `groups, captured text, and what never ran`() {
        let text = JUnitExport.render(
            ReportSamples.data(
                ReportSamples.attempt("a") {
                    $0.task = "outer/inner"
                    $0.category = "c"
                    $0.host = "h"
                    $0.output = .init(stdout: .init(text: "x]]>\u{1B}"), stderr: .init(text: ""))
                }, ReportSamples.attempt("b", Outcome(.cancelled), id: 2, at: nil) { $0.category = "c" }))
        #expect(text.contains(#"<testcase name="a" classname="outer/inner" time="1.5">"#))
        #expect(text.contains("<system-out>x]]&gt;\u{FFFD}</system-out>") && !text.contains("system-err"))
        #expect(
            text.contains(#"<testcase name="b" classname="c">"#) && text.contains(#"<skipped message="cancelled"/>"#))
        #expect(text.contains(#"hostname="h""#))
    }

    // MARK: BenchExec

    @Test(arguments: [
        (Outcome(.ok, code: 0), "done"), (Outcome(.exit, code: 3), "ERROR (3)"),
        (Outcome(.signal, signal: 6), "ABORTED"),
        (Outcome(.signal, signal: 11), "SEGMENTATION FAULT"), (Outcome(.signal, signal: 15), "KILLED"),
        (Outcome(.signal, signal: 9), "KILLED BY SIGNAL 9"), (Outcome(.timeout, signal: 15), "TIMEOUT"),
        (Outcome(.timeout, signal: 9), "TIMEOUT"), (Outcome(.timeout, code: 0), "TIMEOUT"),
        (Outcome(.cpuTimeout, code: 143), "TIMEOUT (ERROR (143))"), (Outcome(.memory, signal: 9), "OUT OF MEMORY"),
        (Outcome(.memory, signal: 6), "OUT OF MEMORY (ABORTED)"), (Outcome(.pids, signal: 15), "PIDS LIMIT"),
        (Outcome(.output, signal: 15), "OUTPUT LIMIT"), (Outcome(.cancelled, signal: 15), "KILLED"),
        (Outcome(.lost), "LOST"), (Outcome(.launchError), "FAILED"),
    ])
    func `BenchExec's words for an end`(_ outcome: Outcome, _ status: String) {
        #expect(BenchExecExport.status(outcome) == status)
    }

    @Test func `limits that all have stand at the head`() {
        func head(_ second: Limits) -> String {
            BenchExecExport.render(
                ReportSamples.data(
                    ReportSamples.attempt("a") {
                        $0.limits = Limits(memory: .mib(1), cpus: 2, cpuTimeout: .seconds(5))
                    },
                    ReportSamples.attempt("b", id: 2) { $0.limits = second }))
        }
        let same = head(Limits(memory: .mib(1), cpus: 2, cpuTimeout: .seconds(5)))
        #expect(same.contains(#"memlimit="1048576B" timelimit="5s" cpuCores="2""#))
        let other = head(Limits(cpus: 2))
        #expect(other.contains(#"cpuCores="2""#) && !other.contains("memlimit") && !other.contains("timelimit"))
    }

    // MARK: runexec

    @Test func `runexec's keys, in its order, and only what is known`() {
        let whole = ReportSamples.attempt("a", Outcome(.memory, signal: 9)) { $0.usage = ReportSamples.usage }
        #expect(
            RunexecResult(whole.record).text
                == """
                starttime=2026-01-01T00:00:00.250000+00:00
                terminationreason=memory
                exitsignal=9
                walltime=1.5s
                cputime=0.000012s
                memory=1048576B
                blkio-read=4100B
                blkio-write=11B
                pressure-memory-some=0.25s

                """)
        #expect(RunexecResult(ReportSamples.attempt("a", at: nil).record).text == "returnvalue=0\n")
        let failed = ReportSamples.attempt("a", Outcome(.launchError)) { $0.usage = ReportSamples.usage }
        #expect(
            RunexecResult(failed.record).text
                == "starttime=2026-01-01T00:00:00.250000+00:00\nterminationreason=failed\n")
    }
}
