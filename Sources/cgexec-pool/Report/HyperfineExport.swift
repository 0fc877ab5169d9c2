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
            let statistics = Statistics(times)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(statistics?.mean, forKey: .mean)
            // Null of a single run, as hyperfine writes it.
            try container.encode(statistics?.standardDeviation, forKey: .stddev)
            try container.encode(statistics?.median, forKey: .median)
            try container.encode(statistics?.min, forKey: .min)
            try container.encode(statistics?.max, forKey: .max)
            try container.encode(command, forKey: .command)
            try container.encode(user, forKey: .user)
            try container.encode(system, forKey: .system)
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
            user: ofAll(runs) { $0.usage?.userSeconds }.flatMap { Statistics($0)?.mean },
            system: ofAll(runs) { $0.usage?.systemSeconds }.flatMap { Statistics($0)?.mean },
            memory: ofAll(runs) { $0.usage?.memoryPeakBytes },
            // As shells tell of signals.
            exitCodes: runs.map { $0.outcome.signal.map { 128 &+ $0 } ?? $0.outcome.tellingCode },
            parameters: runs.first?.params)
    }

    /// Nil where one does not have it.
    private static func ofAll<Value>(_ runs: [Record], _ value: (Record) -> Value?) -> [Value]? {
        let values = runs.compactMap(value)
        return values.count == runs.count ? values : nil
    }
}
