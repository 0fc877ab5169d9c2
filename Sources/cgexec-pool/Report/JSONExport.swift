import CGExec
import FoundationEssentials

/// All records in one JSON object, and what adds up.
enum JSONExport {
    private struct Shown: Encodable {
        var source: String
        var jobs: Int
        var outcomes: [String: Int]
        /// Absent where records were read, which do not tell.
        var machines: [HostDescription]?
        var records: [Attempt]
        var unfinished: [String]
    }

    /// The record's keys, and `isLast` among them.
    private struct Attempt: Encodable {
        var attempt: ReportData.Attempt

        enum Key: CodingKey {
            case isLast
        }

        func encode(to encoder: any Encoder) throws {
            try attempt.record.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(attempt.isLast, forKey: .isLast)
        }
    }

    static func render(_ data: ReportData) throws -> String {
        let results = data.results
        let shown = Shown(
            source: data.source, jobs: results.count,
            outcomes: results.reduce(into: [:]) { counts, record in
                counts[record.outcome.kind.rawValue, default: 0] += 1
            },
            machines: data.machines.isEmpty ? nil : data.machines, records: data.attempts.map(Attempt.init),
            unfinished: data.unfinished)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(shown), as: UTF8.self) + "\n"
    }
}
