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
        var keys: [RunPlan.Run: String] = [:]
        /// Jobs of which a run is to be made, and those of which one failed.
        var undone: Set<Int> = []
        var failed: Set<Int> = []
        var causes: [RunPlan.Run: Int] = [:]
        func take(_ run: RunPlan.Run) -> Bool {
            let planned = file.jobs[run.index]
            let job = planned.job(run)
            let before = planned.after.flatMap { name in indices[name.value].map { [$0] } ?? members[name.value] ?? [] }
            let key = journal.keys.key(of: job)
            listed.insert(key)
            if planned.job.afterSuccess, let cause = before.first(where: failed.contains) {
                carried[run] = .cancelled(
                    JobID(0), job,
                    because:
                        "it comes after '\(file.jobs[cause].job.name)', which failed in an earlier run; with --rerun-failed"
                        + " both run again")
                causes[run] = cause
                failed.insert(run.index)
                return true
            }
            // What it reads may be made anew.
            guard !before.contains(where: undone.contains),
                let record = state.take(key, name: planned.job.name, successOnly: rerunsFailed)
            else { return false }
            carried[run] = record
            keys[run] = key
            if !record.outcome.isSuccess { failed.insert(run.index) }
            return true
        }
        var runs: [RunPlan.Run] = []
        for run in plan.runs {
            runs.append(run)
            if !take(run) { undone.insert(run.index) }
            let rule = file.jobs[run.index].repeats
            // Here, so that what waits for the job still comes after all its runs.
            guard rule.isAdaptive, !run.isWarmup, run.repetition == rule.least, !undone.contains(run.index),
                !failed.contains(run.index)
            else { continue }
            for repetition in rule.least + 1..<rule.most + 1 {
                let more = RunPlan.Run(index: run.index, repetition: repetition)
                guard take(more) else { break }
                runs.append(more)
            }
        }
        plan.runs = runs
        // What a warm-up warmed is cold by now.
        carried = carried.filter { !$0.key.isWarmup || !undone.contains($0.key.index) }
        number(file, plan, causes)
        kept = plan.runs.compactMap { run in keys[run].flatMap { key in carried[run].map { (key, $0) } } }
        // A list that lacks them by mistake is not to cost anybody his results.
        for (key, records) in state.ended.sorted(by: { $0.key < $1.key }) where !listed.contains(key) {
            kept += records.map { (key, $0) }
        }
    }

    /// Gives the records the numbers that their runs have now.
    private mutating func number(_ file: JobFile, _ plan: RunPlan, _ causes: [RunPlan.Run: Int]) {
        var firstFailures: [Int: JobID] = [:]
        for (place, run) in plan.runs.enumerated() {
            guard var record = carried[run] else { continue }
            record.belong(to: file.jobs[run.index].job(run), as: plan.id(place))
            record.task = file.jobs[run.index].group
            if let cause = causes[run] { record.outcome.cause = firstFailures[cause] }
            if !record.outcome.isSuccess, firstFailures[run.index] == nil { firstFailures[run.index] = record.id }
            carried[run] = record
        }
    }
}
