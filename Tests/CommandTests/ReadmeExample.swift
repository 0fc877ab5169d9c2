import CGExec

/// The README's example; it ends before `return`.
func readmeExample() async throws -> [Record] {
    let records = try await withPool(.init(budget: .gib(1))) { pool in
        try await pool.map([1, 6, 9]) { level in
            Job(
                "gzip -\(level)", ["gzip", "-\(level)", "--stdout", "/bin/bash"],
                limits: Limits(memory: .mib(16), timeout: .minutes(1)), stdout: .capture(.kib(0)))
        }
    }
    for record in records {
        guard let usage = record.usage, let seconds = usage.cpuSeconds else { continue }
        print("\(record.name): \(record.outcome.kind), \(seconds) s of CPU time")
    }
    return records
}
