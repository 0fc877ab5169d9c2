import CGExec
import FoundationEssentials
import Glibc

/// How the policies did, on each trace and on all together.
struct Comparison: Encodable {
    struct Part: Encodable {
        var file: String
        var policies: [String: PolicyResult]
    }

    /// All traces together.
    let policies: [String: PolicyResult]
    /// Each trace, in the order in which they were given.
    let files: [Part]
    private let names: [PolicyName]
    private let jobs: [Int]

    private enum CodingKeys: CodingKey {
        case policies, files
    }

    init(_ traces: [Trace], _ names: [PolicyName], memory: ByteSize) {
        files = traces.map { trace in
            Part(
                file: trace.file,
                policies: Dictionary(
                    uniqueKeysWithValues: names.map { ($0.description, replay(trace, $0, memory: memory)) }))
        }
        policies = files.reduce(into: [:]) { sums, part in sums.merge(part.policies, uniquingKeysWith: +) }
        self.names = names
        jobs = traces.map(\.jobs.count)
    }

    /// A table for each trace, and one for all.
    var text: String {
        var parts = zip(files, jobs).map { part, count in
            "\(part.file == "-" ? "<stdin>" : part.file): \(Self.count(count))\n\n" + table(part.policies)
        }
        if files.count > 1 {
            parts.append("all \(files.count) traces: \(Self.count(jobs.reduce(0, +)))\n\n" + table(policies))
        }
        return parts.joined(separator: "\n\n")
    }

    private static func count(_ jobs: Int) -> String { jobs == 1 ? "1 job" : "\(jobs) jobs" }

    private func table(_ results: [String: PolicyResult]) -> String {
        let head = ["policy", "wasted GiB·h", "vs declared", "killed", "of attempts", "hours"]
        let rows = names.compactMap { name in results[name.description].map { Self.cells(name, $0) } }
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            "| "
                + cells.indices.map { column in
                    let blanks = String(repeating: " ", count: widths[column] - cells[column].count)
                    return column == 0 ? cells[column] + blanks : blanks + cells[column]
                }.joined(separator: " | ") + " |"
        }
        let rule =
            "|"
            + widths.indices.map { column in
                String(repeating: "-", count: widths[column] + 1) + (column == 0 ? "-" : ":")
            }.joined(separator: "|") + "|"
        return ([line(head), rule] + rows.map(line)).joined(separator: "\n")
    }

    private static func cells(_ name: PolicyName, _ result: PolicyResult) -> [String] {
        let share = 100 * Double(result.killedAttempts) / Double(max(1, result.attempts))
        let change = result.change.map { ($0 > 0 ? "+" : "") + fixed(100 * $0, places: 1) + " %" }
        return [
            name.description, fixed(result.wastedGiBHours, places: 1), change ?? "", "\(result.killedAttempts)",
            fixed(share, places: 2) + " %", fixed(result.makespanSeconds / 3600, places: 1),
        ]
    }

    /// One JSON object.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

/// A number with so many digits after the point, one or more.
func fixed(_ value: Double, places: Int) -> String {
    let scaled = (value.magnitude * pow(10, Double(places))).rounded()
    guard scaled < 0x1p63 else { return "\(value)" }
    let digits = "\(UInt64(scaled))"
    let all = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    return (value < 0 && scaled > 0 ? "-" : "") + all.dropLast(places) + "." + all.suffix(places)
}
