@testable import CGExec
@testable import cgexec_pool

/// Attempts to report.
enum ReportSamples {
    /// Started so many seconds after 2026-01-01, for 1.5 s.
    static func attempt(
        _ name: String, _ outcome: Outcome = Outcome(.ok, code: 0), id: Int = 1, at second: Int64? = 0,
        isLast: Bool = true, _ change: (inout Record) -> Void = { _ in }
    ) -> ReportData.Attempt {
        var record = Record(
            id: JobID(id), name: name, attempt: second == nil ? 0 : 1, argv: ["sh", "-c", "exit 0"], outcome: outcome,
            times: .init(), limits: Limits(), enforcement: [:])
        if let second {
            let start: Int64 = 1_767_225_600_250_000_000 + second * 1_000_000_000
            record.times.started = Timestamp(nanosecondsSinceEpoch: start)
            record.times.ended = Timestamp(nanosecondsSinceEpoch: start + 1_500_000_000)
            record.wallSeconds = 1.5
        }
        change(&record)
        return ReportData.Attempt(record: record, isLast: isLast)
    }

    static func data(_ attempts: ReportData.Attempt...) -> ReportData {
        var data = ReportData(source: "runs/suite.journal")
        data.attempts = attempts
        return data
    }

    /// What the whole of a kernel's accounts may look like.
    static let usage: Usage = {
        var usage = Usage()
        usage.cpuSeconds = 0.000_012
        usage.userSeconds = 0.000_01
        usage.systemSeconds = 0.000_002
        usage.memoryPeakBytes = 1_048_576
        usage.io = [
            .init(device: "8:0", rbytes: 4096, wbytes: 10, rios: 1, wios: nil),
            .init(device: "8:1", rbytes: 4, wbytes: 1, rios: 1, wios: 2),
        ]
        var pressure = Usage.Pressure()
        pressure.memory = .init(someSeconds: 0.25, fullSeconds: 0.125)
        usage.pressure = pressure
        return usage
    }()
}
