import CGExec

/// The log of GNU parallel's `--joblog`: a line for each job that ran, by its last attempt, in the order of their ends.
enum JoblogExport {
    private static let head = [
        "Seq", "Host", "Starttime", "JobRuntime", "Send", "Receive", "Exitval", "Signal", "Command",
    ]

    static func render(_ data: ReportData) -> String {
        let lines = data.attempts.filter(\.isLast).compactMap { line($0.record) }
        return ([head] + lines).map { $0.joined(separator: "\t") + "\n" }.joined()
    }

    /// Nil for what never ran.
    private static func line(_ record: Record) -> [String]? {
        guard let start = record.times.started, let wall = record.wallSeconds else { return nil }
        let runtime = fixed(wall, places: 3)
        return [
            "\(record.id)", ":", fixed(Double(start.nanosecondsSinceEpoch) / 1e9, places: 3),
            String(repeating: " ", count: max(0, 10 - runtime.count)) + runtime,
            // A field must not be empty; parallel itself writes 0 where output does not pass through it (--ungroup).
            "0", "\(record.output?.stdout?.bytes ?? 0)",
            "\(record.outcome.signal == nil ? record.outcome.tellingCode ?? -1 : 0)", "\(record.outcome.signal ?? 0)",
            ShellText.singleLine(record.argv),
        ]
    }
}

extension Outcome {
    /// The exit status as other programs log it, who have nothing else to tell failures by: nil where it is not known, and
    /// for a program that we ended and that returned 0.
    var tellingCode: Int? { code == 0 && !isSuccess ? nil : code }
}
