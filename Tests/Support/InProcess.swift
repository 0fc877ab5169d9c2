package import CGExec

/// Runs jobs in this process, through the real kernel layer, as the command line does.
package enum InProcess {
    /// Runs one job in a pool of its own at `base` and gives its record.
    package static func record(
        of job: Job, _ configuration: PoolConfiguration = PoolConfiguration(jobs: .count(1)), at base: String
    ) async throws -> Record {
        guard let record = try await records(of: [job], configuration, at: base).first else { throw NoRecord() }
        return record
    }

    /// Runs jobs in one pool at `base` and gives their records in the order of the jobs.
    package static func records(
        of jobs: [Job], _ configuration: PoolConfiguration, at base: String
    ) async throws -> [Record] {
        try await onOwnThread { try run(jobs, configuration, at: base) }
    }

    /// The same on the calling thread, which waits.
    package static func run(
        _ jobs: [Job], _ configuration: PoolConfiguration = PoolConfiguration(jobs: .count(1)), at base: String
    ) throws -> [Record] {
        let reactor = try Reactor()
        let purpose = PoolSetup.Purpose(jobs: jobs, plansMemory: false)
        let setup = try PoolSetup(configuration, for: purpose, at: .find(requested: base), reactor: reactor)
        let pool = PoolRun(setup, reactor: reactor)
        var records: [Record] = []
        pool.onRecord = { records.append($0) }
        for job in jobs { _ = pool.submit(job) }
        try pool.run()
        pool.close()
        return records.sorted { $0.id < $1.id }
    }

    private struct NoRecord: Error {}
}
