import CGExec

/// What failed jobs said at last: the first few of them, each with the last lines of its standard error. Not those that
/// never failed themselves but were given up for others.
struct FailureReport {
    private var entries: [String] = []
    /// The same jobs, for programs.
    private(set) var first: [RunNews.Failure] = []
    private var more = 0

    private static let mostJobs = 5
    private static let mostLines = 5
    private static let longestLine = 200

    mutating func add(_ record: Record, of job: Job) {
        guard !record.outcome.isSuccess, record.outcome.kind != .cancelled, record.outcome.kind != .chained else {
            return
        }
        guard entries.count < Self.mostJobs else { return more += 1 }
        let name = record.name + (record.runForPeople.map { " \($0)" } ?? "")
        first.append(.init(name: name, outcome: record.outcome.forPeople, message: record.explanation))
        var head = "failed: \(name): \(record.outcome.forPeople)"
        if let attempt = record.attemptForPeople(of: job, isLast: true) { head += ", \(attempt)" }
        if let explanation = record.explanation { head += ": \(explanation)" }
        entries.append(([head] + Self.said(record, job)).joined(separator: "\n"))
    }

    /// For standard error, with an empty line at its end; nil when nothing failed.
    var text: String? {
        guard !entries.isEmpty else { return nil }
        let rest = more == 1 ? "and 1 more job failed" : "and \(more) more jobs failed"
        return (entries + (more > 0 ? ["\(rest); --json FILE keeps what each of them said"] : []))
            .joined(separator: "\n") + "\n"
    }

    /// The last lines, or where they went.
    private static func said(_ record: Record, _ job: Job) -> [String] {
        // It never ran.
        guard record.wallSeconds != nil else { return [] }
        let isMerged = job.stderr == .stdout
        let stream = isMerged ? record.output?.stdout : record.output?.stderr
        let place =
            switch isMerged ? job.stdout : job.stderr {
            case .file, .append: "is in \(stream?.path ?? "its file")"
            case .discard: "was discarded"
            case .inherit: "went where that of cgexec-pool goes"
            case .capture, .stdout, nil: ""
            }
        guard place.isEmpty else { return ["    (its stderr \(place))"] }
        guard let stream else { return [] }
        guard let text = stream.text else {
            return ["    (its stderr had \(stream.bytes ?? 0) bytes, none of them kept)"]
        }
        return text.split(whereSeparator: \.isNewline).suffix(mostLines).map { "    " + shown($0) }
    }

    /// A line of a program's as it may stand among ours.
    private static func shown(_ line: Substring) -> String {
        let start = line.prefix(longestLine)
        return start.endIndex < line.endIndex ? start.harmless + "…" : start.harmless
    }
}

extension Record {
    /// Which of the job's runs it is, such as `#2`, or `warm-up 1`; nil where there is only one.
    var runForPeople: String? {
        self.repeat.map { warmup == true ? "warm-up \($0)" : "#\($0)" }
    }

    /// Which of several attempts it was, as `attempt 2 of 3` or `fallback`; nil for a first one that none follows.
    func attemptForPeople(of job: Job, isLast: Bool) -> String? {
        guard attempt > 0, !isLast || attempt > 1 else { return nil }
        if fallback == true { return "fallback" }
        // What is taken back or started again does not count as a retry.
        guard phase == nil, !job.restartsOnTimeout, let retry = job.retry, attempt <= retry.limit + 1 else {
            return "attempt \(attempt)"
        }
        return "attempt \(attempt) of \(retry.limit + 1)"
    }
}
