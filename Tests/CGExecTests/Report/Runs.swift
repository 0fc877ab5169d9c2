@testable import CGExec
@testable import cgexec_pool

/// Records of a job's runs, as far as reports look at them.
enum Runs {
    static func run(
        _ name: String, _ wall: Double?, number: Int? = nil, cpu: Double? = nil, peak: UInt64? = nil,
        _ verdict: Record.Validity.Verdict? = .clean, _ kind: Outcome.Kind = .ok
    ) -> Record {
        var record = Record(
            id: JobID(number ?? 1), name: name, attempt: 1, argv: [name], outcome: Outcome(kind), times: .init(),
            limits: Limits(), enforcement: [:])
        record.repeat = number
        record.wallSeconds = wall
        var usage = Usage()
        (usage.cpuSeconds, usage.memoryPeakBytes) = (cpu, peak)
        record.usage = usage
        record.validity = verdict.map { Record.Validity(verdict: $0, reasons: []) }
        return record
    }

    /// A run for each of these wall times, numbered from 1.
    static func runs(_ name: String, _ walls: [Double], _ verdict: Record.Validity.Verdict? = .clean) -> [Record] {
        walls.enumerated().map { run(name, $0.element, number: $0.offset + 1, verdict) }
    }

    static func data(_ source: String, _ records: [Record], machine: HostDescription? = nil) -> ReportData {
        var data = ReportData(source: source)
        data.attempts = records.map { ReportData.Attempt(record: $0, isLast: true) }
        data.machines = machine.map { [$0] } ?? []
        return data
    }
}
