import CGExec

/// What is shown at the end: a table of the results in the order of submission, and how many there were of each kind.
struct Summary {
    private var rows: [Row] = []
    private var counts: [Outcome.Kind: Int] = [:]
    private(set) var total = 0

    /// A table of more rows than this shows only the first that did not go well.
    private static let most = 100

    private struct Row {
        var id: JobID
        var isSuccess: Bool
        var cells: [String]
    }

    /// A column has one unit, so that its numbers can be compared at a glance.
    static let head = [
        "job", "run", "outcome", "attempt", "wall s", "CPU s", "peak MiB", "output B", "memory limit", "enforcement",
        "validity",
    ]
    static let rightAligned = Set(4...8)

    /// How many jobs did what they were asked to.
    var successes: Int { counts[.ok] ?? 0 }

    /// How many ended in which way.
    var outcomes: [String: Int] { Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) }) }

    /// Jobs whose figures cannot be trusted, or of which nobody knows.
    private(set) var unclean: [String] = []

    mutating func add(_ record: Record, of job: Job) {
        total += 1
        if !record.isClean, record.warmup != true { unclean.append(record.name) }
        counts[record.outcome.kind, default: 0] += 1
        let row = Row(id: record.id, isSuccess: record.outcome.isSuccess, cells: Self.cells(record, job))
        if rows.count < Self.most {
            rows.append(row)
        } else if !row.isSuccess, let success = rows.lastIndex(where: \.isSuccess) {
            rows.remove(at: success)
            rows.append(row)
        }
    }

    static func cells(_ record: Record, _ job: Job, isLast: Bool = true) -> [String] {
        let attempt = record.attemptForPeople(of: job, isLast: isLast)
        return [
            record.name, record.runForPeople ?? "", record.outcome.forPeople,
            attempt.map { $0.replacing("attempt ", with: "") } ?? "", decimal(record.wallSeconds, places: 3),
            decimal(record.usage?.cpuSeconds, places: 3),
            decimal(record.usage?.memoryPeakBytes.map { Double($0) / 0x1p20 }, places: 1),
            record.output?.stdout?.bytes.map { "\($0)" } ?? "", record.limits.memory?.description ?? "",
            record.enforcement["memory"]?.rawValue ?? "", record.isClean ? "" : record.validity?.verdict.rawValue ?? "",
        ]
    }

    private static func decimal(_ value: Double?, places: Int) -> String {
        value.map { fixed($0, places: places) } ?? ""
    }

    /// The table and a line that adds up.
    var text: String {
        let rows = rows.sorted { $0.id < $1.id }.map(\.cells)
        var lines = Table(head: Self.head, rows: rows, rightAligned: Self.rightAligned).lines
        if rows.count < total { lines.append("(\(total - rows.count) more rows that are not shown)") }
        return (lines + ["", counted]).joined(separator: "\n")
    }

    /// How many there were of each kind.
    var counted: String {
        let kinds = Outcome.Kind.allCases.compactMap { kind in counts[kind].map { "\($0) \(kind.rawValue)" } }
        return "\(total) \(total == 1 ? "job" : "jobs"): " + kinds.joined(separator: ", ")
    }
}

extension Record {
    fileprivate var isClean: Bool { validity?.verdict == .clean }
}
