import CGExec
import Glibc

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
    private static let head = [
        "job", "outcome", "wall s", "CPU s", "peak MiB", "output B", "memory limit", "enforcement",
    ]
    private static let rightAligned = 2...6

    /// How many jobs did what they were asked to.
    var successes: Int { counts[.ok] ?? 0 }

    mutating func add(_ record: Record) {
        total += 1
        counts[record.outcome.kind, default: 0] += 1
        let row = Row(id: record.id, isSuccess: record.outcome.isSuccess, cells: Self.cells(record))
        if rows.count < Self.most {
            rows.append(row)
        } else if !row.isSuccess, let success = rows.lastIndex(where: \.isSuccess) {
            rows.remove(at: success)
            rows.append(row)
        }
    }

    private static func cells(_ record: Record) -> [String] {
        [
            record.name, record.outcome.forPeople, decimal(record.wallSeconds, places: 3),
            decimal(record.usage?.cpuSeconds, places: 3),
            decimal(record.usage?.memoryPeakBytes.map { Double($0) / 0x1p20 }, places: 1),
            record.output?.stdout?.bytes.map { "\($0)" } ?? "", record.limits.memory?.description ?? "",
            record.enforcement["memory"]?.rawValue ?? "",
        ]
    }

    /// The number rounded to so many digits after the point, one or more; nothing where it is not known.
    private static func decimal(_ value: Double?, places: Int) -> String {
        guard let value else { return "" }
        let digits = "\(Int((value * pow(10, Double(places))).rounded()))"
        let all = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return all.dropLast(places) + "." + all.suffix(places)
    }

    /// The table and a line that adds up.
    var text: String {
        let rows = rows.sorted { $0.id < $1.id }
        let shown = [Self.head] + rows.map(\.cells)
        let widths = Self.head.indices.map { column in shown.map { $0[column].count }.max() ?? 0 }
        let used = Self.head.indices.filter { column in rows.contains { !$0.cells[column].isEmpty } }
        func line(_ cells: [String]) -> String {
            let texts = used.map { column in
                let blanks = String(repeating: " ", count: widths[column] - cells[column].count)
                return Self.rightAligned.contains(column) ? blanks + cells[column] : cells[column] + blanks
            }
            return "| " + texts.joined(separator: " | ") + " |"
        }
        let rule =
            "|"
            + used.map { column in
                let dashes = String(repeating: "-", count: widths[column] + 1)
                return Self.rightAligned.contains(column) ? dashes + ":" : dashes + "-"
            }.joined(separator: "|") + "|"
        var lines = [line(Self.head), rule] + rows.map { line($0.cells) }
        if rows.count < total { lines.append("(\(total - rows.count) more rows that are not shown)") }
        return (lines + ["", counted]).joined(separator: "\n")
    }

    private var counted: String {
        let kinds = Outcome.Kind.allCases.compactMap { kind in counts[kind].map { "\($0) \(kind.rawValue)" } }
        return "\(total) \(total == 1 ? "job" : "jobs"): " + kinds.joined(separator: ", ")
    }
}
