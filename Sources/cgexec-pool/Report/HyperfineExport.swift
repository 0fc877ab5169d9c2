import CGExec
import FoundationEssentials

/// What `hyperfine --export-json` writes: repetitions of a job are the runs of one result.
enum HyperfineExport {
    private struct Shown: Encodable {
        var results: [Result]
    }

    private struct Result: Encodable {
        var command: String
        var times: [Double]
        var user: Double?
        var system: Double?
        var memory: [UInt64]?
        var exitCodes: [Int?]
        var parameters: [String: String]?

        enum Key: String, CodingKey {
            case command, mean, stddev, median, user, system, min, max, times
            case memory = "memory_usage_byte"
            case exitCodes = "exit_codes"
            case parameters
        }

        func encode(to encoder: any Encoder) throws {
            let sorted = times.sorted()
            let middle = sorted.count / 2
            let mean = HyperfineExport.mean(times)
            let squares = times.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(command, forKey: .command)
            try container.encode(mean, forKey: .mean)
            // Null where unknown, as hyperfine writes it of a single run; of the sample, as it does.
            try container.encode(
                times.count > 1 ? (squares / Double(times.count - 1)).squareRoot() : nil, forKey: .stddev)
            try container.encode(
                sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, forKey: .median)
            try container.encode(user, forKey: .user)
            try container.encode(system, forKey: .system)
            try container.encode(sorted.first, forKey: .min)
            try container.encode(sorted.last, forKey: .max)
            try container.encode(times, forKey: .times)
            try container.encodeIfPresent(memory, forKey: .memory)
            try container.encode(exitCodes, forKey: .exitCodes)
            try container.encodeIfPresent(parameters, forKey: .parameters)
        }
    }

    /// What makes runs repetitions of one job.
    private struct Identity: Hashable {
        var name: String
        var command: [String]
    }

    static func render(_ data: ReportData) throws -> String {
        let records = data.results.filter {
            $0.warmup != true && $0.outcome.kind != .launchError && $0.times.started != nil && $0.wallSeconds != nil
        }
        var order: [Identity] = []
        var groups: [Identity: [Record]] = [:]
        for record in records {
            let identity = Identity(name: record.name, command: record.argv)
            if groups[identity] == nil { order.append(identity) }
            groups[identity, default: []].append(record)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let shown = Shown(results: order.map { result($0, groups[$0] ?? []) })
        return String(decoding: try encoder.encode(shown), as: UTF8.self) + "\n"
    }

    private static func result(_ identity: Identity, _ runs: [Record]) -> Result {
        Result(
            command: ShellText.line(identity.command), times: runs.compactMap(\.wallSeconds),
            user: ofAll(runs) { $0.usage?.userSeconds }.map(mean),
            system: ofAll(runs) { $0.usage?.systemSeconds }.map(mean),
            memory: ofAll(runs) { $0.usage?.memoryPeakBytes },
            // As shells tell of signals.
            exitCodes: runs.map { $0.outcome.signal.map { 128 + $0 } ?? $0.outcome.tellingCode },
            parameters: runs.first?.params)
    }

    /// Nil where one does not have it.
    private static func ofAll<Value>(_ runs: [Record], _ value: (Record) -> Value?) -> [Value]? {
        let values = runs.compactMap(value)
        return values.count == runs.count ? values : nil
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}
