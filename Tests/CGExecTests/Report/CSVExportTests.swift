import Support
import Testing

@testable import CGExec
@testable import cgexec_pool

@Suite struct CSVExportTests {
    /// Each row by the names of its columns, read by the reader of traces.
    private static func rows(_ text: String) throws -> [[String: String]] {
        var reader = CSVReader(text)
        let first = reader.line()
        let head = try #require(first).map(\.value)
        #expect(Set(head).count == head.count)
        var rows: [[String: String]] = []
        while let line = reader.line() {
            try #require(line.count == head.count)
            rows.append(Dictionary(uniqueKeysWithValues: zip(head, line.map(\.value))))
        }
        #expect(reader.problems.isEmpty)
        return rows
    }

    @Test func `what is known is there, and what is not is empty`() throws {
        var limits = Limits(memory: .mib(16), timeout: .milliseconds(1500))
        limits.io = [try IOLimit(parsing: "8:0 rbps=1000"), try IOLimit(parsing: "8:1 wbps=1000")]
        let text = CSVExport.render(
            ReportSamples.data(
                ReportSamples.attempt("a,\"b\"\nc", Outcome(.memory, signal: 9, culprit: .job), isLast: false) {
                    $0.usage = ReportSamples.usage
                    $0.limits = limits
                    $0.enforcement = ["timeout": .scheduler, "memory": .cgroup]
                    $0.params = ["x": "1"]
                    $0.validity = .init(verdict: .invalid, reasons: ["it was frozen", "it was swapped out"])
                    $0.placement = .init(cpus: CPUSet([0, 1, 4]))
                },
                ReportSamples.attempt("none", at: nil) { $0.params = ["y": " z"] }))
        #expect(text.hasSuffix("\r\n"))
        let rows = try Self.rows(text)
        try #require(rows.count == 2)
        let expected = [
            "id": "1", "name": "a,\"b\"\nc", "attempt": "1", "isLast": "false", "outcome.kind": "memory",
            "outcome.signal": "9", "outcome.culprit": "job", "times.started": "2026-01-01T00:00:00.250000000Z",
            "times.ended": "2026-01-01T00:00:01.750000000Z", "wallSeconds": "1.5", "usage.cpuSeconds": "0.000012",
            "usage.userSeconds": "0.00001", "usage.systemSeconds": "0.000002", "usage.memoryPeakBytes": "1048576",
            "usage.io.rbytes": "4100", "usage.io.wbytes": "11", "usage.io.rios": "2",
            "usage.pressure.memory.someSeconds": "0.25", "usage.pressure.memory.fullSeconds": "0.125",
            "params.x": "1", "limits.memory": "16777216", "limits.timeout": "1.5",
            "limits.io": limits.io.map(\.description).joined(separator: " "),
            "enforcement": "memory=cgroup; timeout=scheduler", "validity.verdict": "invalid",
            "validity.reasons": "it was frozen; it was swapped out", "placement.cpus": "0-1,4",
            "command": "sh -c 'exit 0'",
        ]
        #expect(rows[0].filter { !$0.value.isEmpty } == expected)
        let none = [
            "id": "1", "name": "none", "attempt": "0", "isLast": "true", "outcome.kind": "ok", "outcome.code": "0",
            "params.y": " z", "command": "sh -c 'exit 0'",
        ]
        #expect(rows[1].filter { !$0.value.isEmpty } == none)
    }

    @Test func `the columns are the same whatever is reported, but for the parameters`() throws {
        func head(_ data: ReportData) throws -> String {
            try #require(CSVExport.render(data).split(separator: "\r\n").first).description
        }
        let empty = try head(ReportSamples.data())
        #expect(try head(ReportSamples.data(ReportSamples.attempt("a") { $0.usage = ReportSamples.usage })) == empty)
        let swept = try head(ReportSamples.data(ReportSamples.attempt("a") { $0.params = ["b": "", "a": ""] }))
        #expect(swept.replacing("params.a,params.b,", with: "") == empty)
    }

    @Test(arguments: [("", ""), ("a b", "a b"), (" a", "\" a\""), ("a\rb", "\"a\rb\""), ("\"", "\"\"\"\"")])
    func `quotation marks stand where they must`(_ text: String, _ field: String) {
        #expect(CSVExport.field(text) == field)
    }
}
