import CGExec

/// What BenchExec's runexec says of a run, in its words (BenchExec 3.35, doc/run-results.md): only what is known.
struct RunexecResult {
    /// In the order in which runexec prints them.
    let values: [(key: String, value: String)]

    init(_ record: Record) {
        let outcome = record.outcome
        // What never ran has used nothing, whatever was counted until that was known.
        let ran = outcome.kind != .launchError
        let usage = ran ? record.usage : nil
        let values: [(key: String, value: String?)] = [
            ("starttime", record.times.started.map(Self.isoTime)),
            ("terminationreason", Self.reason(outcome)),
            ("returnvalue", ran && outcome.signal == nil ? outcome.code.map { "\($0)" } : nil),
            ("exitsignal", ran ? outcome.signal.map { "\($0)" } : nil),
            ("walltime", ran ? record.wallSeconds.map(Self.seconds) : nil),
            ("cputime", usage?.cpuSeconds.map(Self.seconds)),
            ("memory", usage?.memoryPeakBytes.map { "\($0)B" }),
            ("blkio-read", usage?.total { $0.rbytes }.map { "\($0)B" }),
            ("blkio-write", usage?.total { $0.wbytes }.map { "\($0)B" }),
            ("pressure-cpu-some", usage?.pressure?.cpu.map { Self.seconds($0.someSeconds) }),
            ("pressure-io-some", usage?.pressure?.io.map { Self.seconds($0.someSeconds) }),
            ("pressure-memory-some", usage?.pressure?.memory.map { Self.seconds($0.someSeconds) }),
        ]
        self.values = values.compactMap { key, value in value.map { (key, $0) } }
    }

    /// As runexec prints it: `key=value`, a line each.
    var text: String { values.map { "\($0.key)=\($0.value)\n" }.joined() }

    /// As Python's `datetime.isoformat` writes it, which knows no nanoseconds and reads no `Z` before 3.11.
    static func isoTime(_ time: Timestamp) -> String { time.description.prefix(26) + "+00:00" }

    /// Without an exponent, to the nanosecond.
    private static func seconds(_ value: Double) -> String { decimal(value, places: 9) + "s" }

    /// Why it was ended; nil where it ended by itself, or nobody knows.
    private static func reason(_ outcome: Outcome) -> String? {
        switch outcome.kind {
        case .ok, .exit, .signal, .lost: nil
        case .timeout: "walltime"
        case .cpuTimeout: "cputime"
        case .memory: "memory"
        case .pids, .output, .chained, .postponed, .cancelled: "killed"
        case .launchError: "failed"
        }
    }
}
