import CGExec

/// The tables of a report: one of all results, or one for each slot with everything that ran in it.
struct AttemptTables {
    struct Part {
        /// Nil where there is only one.
        var title: String?
        var table: Table
    }

    let parts: [Part]
    /// How many jobs there were of each kind.
    let counted: String

    /// - Parameter written: How a text stands in a cell.
    init(_ data: ReportData, bySlot: Bool, written: (String) -> String = { $0 }) {
        var summary = Summary()
        let results = data.results
        for record in results { summary.add(record, of: record.job) }
        counted = summary.counted
        parts =
            bySlot
            ? Self.slots(data, written)
            : [
                Part(
                    table: Table(
                        head: Summary.head, rows: results.map { Summary.cells($0, $0.job).map(written) },
                        rightAligned: Summary.rightAligned))
            ]
    }

    /// By slot and start; what never ran comes last.
    private static func slots(_ data: ReportData, _ written: (String) -> String) -> [Part] {
        let first = data.attempts.compactMap(\.record.times.started).min()
        let slots = Dictionary(grouping: data.attempts) { $0.record.slot }
        return slots.sorted { ($0.key ?? .max) < ($1.key ?? .max) }.map { slot, attempts in
            let ordered = attempts.enumerated().sorted { one, other in
                let starts = [one, other].map { $0.element.record.times.started?.nanosecondsSinceEpoch ?? .max }
                return (starts[0], one.offset) < (starts[1], other.offset)
            }
            let rows = ordered.map { _, attempt in
                let record = attempt.record
                let since = record.times.started.flatMap { start in
                    first.map { Double(start.nanosecondsSinceEpoch - $0.nanosecondsSinceEpoch) / 1e9 }
                }
                return [since.map { fixed($0, places: 3) } ?? ""]
                    + Summary.cells(record, record.job, isLast: attempt.isLast).map(written)
            }
            let table = Table(
                head: ["start s"] + Summary.head, rows: rows,
                rightAligned: Set([0] + Summary.rightAligned.map { $0 + 1 }))
            return Part(title: slot.map { "Slot \($0)" } ?? "Without a slot", table: table)
        }
    }

    /// For a terminal.
    var text: String {
        let tables = parts.map { part in
            (part.title.map { [$0, ""] } ?? []) + part.table.lines + [""]
        }
        return (tables.flatMap { $0 } + [counted]).joined(separator: "\n")
    }
}

extension Record {
    /// Of the job that it was no more is known.
    fileprivate var job: Job { Job(name, argv) }
}
