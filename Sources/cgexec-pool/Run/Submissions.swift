import CGExec

/// Submits the runs of a job file: those that are planned at once, and more of a job whose figure is not close enough.
final class Submissions {
    private let file: JobFile
    private let plan: RunPlan
    private let pool: PoolRun
    private let numbered: NumberedRuns
    private let resumption: Resumption
    /// Called when so many runs come to those that were planned.
    var onMore: (Int) -> Void = { _ in }
    /// Called with what is to be said of a job that is repeated no more, though its figure is not close enough.
    var onDoubt: (String) -> Void = { _ in }
    private var ids: [Int: JobID] = [:]
    private var groups: [String: JobGroupID] = [:]
    /// The runs of each group's jobs that are not submitted yet, and its jobs that may get more; the last one seals it, and with it
    /// the groups in it.
    private var left: [String: Int] = [:]
    private var repeated: [Int: Repeated] = [:]
    private var isStopped = false

    /// A job that runs more than once.
    private struct Repeated {
        /// Its runs, for those that wait for all of them.
        var group: JobGroupID?
        var lastWarmup: JobID?
        /// Planned runs that are not submitted yet.
        var unsubmitted: Int
        /// Submitted runs that are not over.
        var pending = 0
        /// Those that were submitted, or done in an earlier run.
        var made = 0
        var records: [Record] = []
        var seconds = 0.0
        var hasFailed = false
        var isSealed = false
    }

    init(_ file: JobFile, _ plan: RunPlan, to pool: PoolRun, _ numbered: NumberedRuns, _ resumption: Resumption) {
        self.file = file
        self.plan = plan
        self.pool = pool
        self.numbered = numbered
        self.resumption = resumption
    }

    /// Submits what is planned, in an order in which each job comes after what it waits for.
    func submit() {
        for run in plan.runs {
            for path in file.jobs[run.index].groups { left[path, default: 0] += 1 }
            if run.repetition != nil { repeated[run.index, default: Repeated(unsubmitted: 0)].unsubmitted += 1 }
        }
        for index in repeated.keys where file.jobs[index].repeats.isAdaptive {
            for path in file.jobs[index].groups { left[path, default: 0] += 1 }
        }
        for run in plan.runs {
            if let record = resumption.carried[run] {
                // What waits for such a job has to wait for runs that may still come.
                if file.jobs[run.index].repeats.isAdaptive { _ = group(of: run) }
                pool.passOver()
                numbered.append(run)
                note(run, record, isNew: false)
            } else {
                submit(run)
            }
            repeated[run.index]?.unsubmitted -= 1
            leaveGroups(run.index)
        }
        // Not before: those that come to them have the numbers after all that are planned.
        for index in repeated.keys.sorted() { settle(index) }
    }

    /// Nothing is submitted any more.
    func stop() { isStopped = true }

    /// Takes in the result of a run, after which there may be more.
    func ended(_ record: Record) {
        let run = numbered[record.id]
        guard run.repetition != nil else { return }
        note(run, record, isNew: true)
        settle(run.index)
    }

    /// The group that a run is in, which is opened where it is not open yet.
    private func group(of run: RunPlan.Run) -> JobGroupID? {
        let planned = file.jobs[run.index]
        var group: JobGroupID?
        for path in planned.groups {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            group = groups[path] ?? pool.openGroup(name, in: group, timeout: file.groups[path]?.timeout)
            groups[path] = group
        }
        guard run.repetition != nil else { return group }
        let own = repeated[run.index]?.group ?? pool.openGroup(planned.job.name, in: group, isShown: false)
        repeated[run.index]?.group = own
        return own
    }

    /// One thing less to come into the groups of a job.
    private func leaveGroups(_ index: Int) {
        for path in file.jobs[index].groups {
            left[path]? -= 1
            if left[path] == 0, let group = groups[path] { pool.sealGroup(group) }
        }
    }

    private func submit(_ run: RunPlan.Run) {
        let planned = file.jobs[run.index]
        let group = group(of: run)
        var job = planned.job(run)
        job.after = planned.after.compactMap { name in
            names[name.value].flatMap(predecessor) ?? groups[name.value].map { .group($0) }
        }
        if let warmup = repeated[run.index]?.lastWarmup { job.after.append(.job(warmup)) }
        repeated[run.index]?.pending += 1
        if !run.isWarmup { repeated[run.index]?.made += 1 }
        numbered.append(run)
        let id = pool.submit(job, in: group)
        if run.isWarmup { repeated[run.index]?.lastWarmup = id }
        ids[run.index] = id
    }

    /// The places of the jobs, by their names.
    private lazy var names = Dictionary(file.jobs.indices.map { (file.jobs[$0].job.name, $0) }) { first, _ in first }

    /// What a job waits for that comes after this one; nil when that was done in an earlier run.
    private func predecessor(_ index: Int) -> Job.Predecessor? {
        repeated[index]?.group.map { .group($0) } ?? ids[index].map { .job($0) }
    }

    private func note(_ run: RunPlan.Run, _ record: Record, isNew: Bool) {
        guard var state = repeated[run.index] else { return }
        if isNew { state.pending -= 1 } else if !run.isWarmup { state.made += 1 }
        if !record.outcome.isSuccess { state.hasFailed = true }
        if !run.isWarmup {
            state.seconds += record.wallSeconds ?? 0
            // A fallback is another program.
            if record.fallback != true { state.records.append(record.withoutBulk) }
        }
        repeated[run.index] = state
    }

    /// When all runs of a job are over: whether there are more.
    private func settle(_ index: Int) {
        guard let state = repeated[index], state.unsubmitted == 0, !state.isSealed else { return }
        let rule = file.jobs[index].repeats
        guard !rule.isAdaptive || state.pending == 0 else { return }
        let more = rule.isAdaptive ? more(state, rule, of: file.jobs[index].job.name) : 0
        guard more > 0 else {
            repeated[index]?.isSealed = true
            if let group = state.group { pool.sealGroup(group) }
            if rule.isAdaptive { leaveGroups(index) }
            return
        }
        onMore(more)
        for next in 1...more { submit(RunPlan.Run(index: index, repetition: state.made + next)) }
    }

    /// How many more runs there are now: a quarter of those that were made, since looking after each run would stop too
    /// often where the figures agree by chance.
    private func more(_ state: Repeated, _ rule: RepeatRule, of name: String) -> Int {
        guard !state.hasFailed, !isStopped else { return 0 }
        let isSpent = rule.time.map { state.seconds >= $0.seconds } ?? false
        if let stop = rule.stop {
            // As the table counts them: with one that is clean, those that were disturbed do not.
            let figures = Repetitions.groups(state.records).first?.figures(rule.figure) ?? []
            if stop.decision(after: figures) == .precise { return 0 }
            if isSpent || state.made >= rule.most { onDoubt(doubt(figures, state.made, stop, rule, of: name)) }
        }
        return isSpent ? 0 : min(rule.most - state.made, max(1, state.made / 4))
    }

    private func doubt(
        _ figures: [Double], _ made: Int, _ stop: Adaptive, _ rule: RepeatRule, of name: String
    ) -> String {
        let what = "the \(rule.figure.rawValue) of '\(name)'"
        guard let statistics = Statistics(figures), let half = statistics.halfWidth(confidence: stop.confidence),
            statistics.mean != 0
        else { return "\(what) are not known well enough after \(made) runs" }
        let width = (half / statistics.mean.magnitude * 1000).rounded() / 10
        return
            "\(what) are known to ±\(width) % after \(made) runs, where ±\(stop.relativeHalfWidth * 100) % was asked for"
    }
}
