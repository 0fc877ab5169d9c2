import CGExec

/// Which runs of a file's jobs an earlier run has done, as its journal tells.
struct Resumption {
    /// The records of those that are not made again, with the numbers that they have now.
    private(set) var carried: [RunPlan.Run: Record] = [:]
    /// Those of the records that the journal has, with their keys.
    private(set) var kept: [(key: String, record: Record)] = []

    /// Nothing was done before.
    init() {}

    /// - Parameters:
    ///   - plan: gets those repetitions that the earlier run made because the figure was not close enough.
    ///   - rerunsFailed: whether a job that failed counts as not done.
    init(of file: JobFile, _ plan: inout RunPlan, from journal: Journal, rerunsFailed: Bool) {
        var state = journal.before
        guard state.run > 0 else { return }
        let indices = Dictionary(file.jobs.indices.map { (file.jobs[$0].job.name, $0) }) { first, _ in first }
        var members: [String: [Int]] = [:]
        for index in file.jobs.indices {
            for path in file.jobs[index].groups { members[path, default: []].append(index) }
        }
        var listed: Set<String> = []
        /// Jobs of which a run is to be made, and those of which one failed.
        var undone: Set<Int> = []
        var failed: Set<Int> = []
        func take(_ run: RunPlan.Run, _ number: JobID) -> Bool {
            let planned = file.jobs[run.index]
            let job = planned.job(run)
            let before = planned.after.flatMap { name in indices[name.value].map { [$0] } ?? members[name.value] ?? [] }
            let key = journal.keys.key(of: job)
            listed.insert(key)
            if planned.job.afterSuccess, let cause = before.first(where: failed.contains) {
                var record = Record.cancelled(
                    number, job,
                    because:
                        "it comes after '\(file.jobs[cause].job.name)', which failed in an earlier run; with --rerun-failed"
                        + " both run again")
                record.task = planned.group
                record.outcome.cause = carried.first { $0.key.index == cause && !$0.value.outcome.isSuccess }?.value.id
                carried[run] = record
                failed.insert(run.index)
                return true
            }
            // What it reads may be made anew.
            guard !before.contains(where: undone.contains),
                var record = state.take(key, name: planned.job.name, successOnly: rerunsFailed)
            else {
                undone.insert(run.index)
                return false
            }
            record.belong(to: job, as: number)
            record.task = planned.group
            carried[run] = record
            kept.append((key, record))
            if !record.outcome.isSuccess { failed.insert(run.index) }
            return true
        }
        for (place, run) in plan.runs.enumerated() { _ = take(run, plan.id(place)) }
        for index in file.order
        where file.jobs[index].repeats.isAdaptive && !undone.contains(index) && !failed.contains(index) {
            let rule = file.jobs[index].repeats
            for repetition in rule.least + 1..<rule.most + 1 {
                let run = RunPlan.Run(index: index, repetition: repetition)
                guard take(run, plan.id(plan.runs.count)) else { break }
                plan.runs.append(run)
            }
            // That it lacks a repetition does not say that one is to come.
            undone.remove(index)
        }
        // A list that lacks them by mistake is not to cost anybody his results.
        for (key, records) in state.ended.sorted(by: { $0.key < $1.key }) where !listed.contains(key) {
            kept += records.map { (key, $0) }
        }
    }
}
