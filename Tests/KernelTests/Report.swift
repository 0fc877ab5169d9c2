import CGExec
import Foundation
import Testing

/// A probe's report: one line of JSON, of which each workload fills some keys.
struct Report: Decodable {
    struct Process: Decodable {
        var pid: Int32
        var touchedBytes: UInt64?
    }

    struct Limit: Decodable {
        var soft: Number
        var hard: Number
    }

    /// A number, or `unlimited`.
    enum Number: Decodable, Equatable {
        case number(Int)
        case unlimited

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self = (try? container.decode(Int.self)).map { .number($0) } ?? .unlimited
        }
    }

    struct Signals: Decodable {
        var blocked: String
        var ignored: String
        var caught: String
    }

    // memory, tmpfs, write
    var touchedBytes: UInt64?
    var writtenBytes: UInt64?
    var processes: [Process]?
    var seconds: Double?
    // forkbomb, files
    var forked: Int?
    var opened: Int?
    var errno: Int32?
    // daemon
    var pid: Int32?
    // view
    var cgroup: String?
    var cpus: String?
    var mems: String?
    var limits: [String: Limit]?
    var signals: Signals?
    var descriptors: [String: String]?
    var sid: Int32?
    var pgid: Int32?

    init(_ line: some StringProtocol) throws {
        self = try JSONDecoder().decode(Report.self, from: Data(line.utf8))
    }

    /// What a job said on standard output.
    init(_ record: Record) throws {
        try self.init(#require(record.output?.stdout?.text, "\(record)"))
    }

}

/// A line of `spin`: what one process' own clock counted; without a role, the sum.
struct Clock: Decodable {
    var role: String?
    var cpuSeconds: Double

    /// All lines of an output.
    static func all(_ text: String) throws -> [Clock] {
        try text.split(separator: "\n").map { try JSONDecoder().decode(Clock.self, from: Data($0.utf8)) }
    }
}
