import CGExec

/// Which jobs of a file an earlier run has done, as its journal tells.
struct Resumption {
    /// The records of those that are not run again, by their places in the file; with the numbers that the jobs have now.
    private(set) var carried: [Int: Record] = [:]
    /// Those of the records that the journal has, with their keys.
    private(set) var kept: [(key: String, record: Record)] = []

    /// Nothing was done before.
    init() {}

    /// - Parameters:
    ///   - rerunsFailed: whether a job that failed counts as not done.
    init(of file: JobFile, from journal: Journal, rerunsFailed: Bool) {
        var state = journal.before
        guard state.run > 0 else { return }
        let indices = Dictionary(file.jobs.indices.map { (file.jobs[$0].job.name, $0) }) { first, _ in first }
        var members: [String: [Int]] = [:]
        var listed: Set<String> = []
        for index in file.jobs.indices {
            for path in file.jobs[index].groups { members[path, default: []].append(index) }
        }
        for (number, index) in file.order.enumerated() {
            let planned = file.jobs[index]
            let before = planned.after.flatMap { name in indices[name.value].map { [$0] } ?? members[name.value] ?? [] }
            let key = journal.keys.key(of: planned.job)
            listed.insert(key)
            let failed = before.first { !(carried[$0]?.outcome.isSuccess ?? true) }
            if let failed, planned.job.afterSuccess {
                var record = Record.cancelled(
                    JobID(number + 1), planned.job,
                    because:
                        "it comes after '\(file.jobs[failed].job.name)', which failed in an earlier run; with --rerun-failed"
                        + " both run again")
                record.task = planned.group
                record.outcome.cause = carried[failed]?.id
                carried[index] = record
                continue
            }
            // What it reads may be made anew.
            guard before.allSatisfy({ carried[$0] != nil }),
                var record = state.take(key, name: planned.job.name, successOnly: rerunsFailed)
            else { continue }
            record.belong(to: planned.job, as: JobID(number + 1))
            record.task = planned.group
            carried[index] = record
            kept.append((key, record))
        }
        // A list that lacks them by mistake is not to cost anybody his results.
        for (key, records) in state.ended.sorted(by: { $0.key < $1.key }) where !listed.contains(key) {
            kept += records.map { (key, $0) }
        }
    }
}
