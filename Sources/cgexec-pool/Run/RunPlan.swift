import CGExec

/// Which runs a job file asks for, in the order in which they are submitted: the first has the number 1.
struct RunPlan: Sendable {
    /// One run of a job.
    struct Run: Sendable, Hashable {
        /// The job's place in the file.
        var index: Int
        /// Which of its repetitions this is, from 1, warm-ups counted for themselves; nil where the job runs once.
        var repetition: Int?
        var isWarmup = false
    }

    var runs: [Run] = []

    init(_ file: JobFile) {
        let all = file.jobs.indices.map { Self.runs(of: $0, file.jobs[$0].repeats) }
        // Who waits for a job waits for all its runs, which must have their numbers by then.
        let awaited = Set(file.jobs.flatMap { $0.after.map(\.value) })
        func isBlock(_ planned: PlannedJob) -> Bool {
            file.repeatOrder == .blocked || awaited.contains(planned.job.name)
                || planned.groups.contains(where: awaited.contains)
        }
        var later: [Int] = []
        for index in file.order {
            if isBlock(file.jobs[index]) {
                runs += all[index]
            } else {
                runs += all[index].prefix(1)
                if all[index].count > 1 { later.append(index) }
            }
        }
        var round = 1
        while !later.isEmpty {
            runs += later.map { all[$0][round] }
            round += 1
            later.removeAll { all[$0].count <= round }
        }
    }

    /// The runs of a job that are made in any case.
    private static func runs(of index: Int, _ rule: RepeatRule) -> [Run] {
        guard rule.isRepeated else { return [Run(index: index)] }
        let warmups = (0..<rule.warmups).map { Run(index: index, repetition: $0 + 1, isWarmup: true) }
        return warmups + (0..<rule.least).map { Run(index: index, repetition: $0 + 1) }
    }

    /// The number of a run by its place.
    func id(_ place: Int) -> JobID { JobID(place + 1) }
}

/// The runs that have numbers, by which the pool's thread asks for their jobs.
///
/// `@unchecked Sendable`: it is touched by the pool's thread alone, as everything that the pool calls.
final class NumberedRuns: @unchecked Sendable {
    private let jobs: [PlannedJob]
    private(set) var runs: [RunPlan.Run] = []

    init(_ jobs: [PlannedJob]) { self.jobs = jobs }

    /// Adds the run that has the next number.
    func append(_ run: RunPlan.Run) { runs.append(run) }

    subscript(_ id: JobID) -> RunPlan.Run { runs[id.number - 1] }

    /// The job of a run, as it is submitted.
    func job(_ id: JobID) -> Job { jobs[self[id].index].job(self[id]) }

    /// The job of one attempt.
    func job(_ id: JobID, slot: Int, attempt: Int) -> Job {
        jobs[self[id].index].job(self[id], slot: slot, attempt: attempt)
    }
}

extension PlannedJob {
    /// The job of one of its runs; `{slot}`, `{attempt}` and `{repeat}` still stand in it as text.
    func job(_ run: RunPlan.Run) -> Job {
        var job = job
        job.repetition = run.repetition
        job.isWarmup = run.isWarmup
        return job
    }

    /// The job of one attempt at a run, with everything filled in; at its only run when none is named.
    func job(_ run: RunPlan.Run = RunPlan.Run(index: 0), slot: Int, attempt: Int) -> Job {
        var job = job(run)
        guard pattern.isLate else { return job }
        var bindings = Bindings(values: job.params, seq: seq, name: job.name, slot: slot, attempt: attempt)
        // A warm-up's number has a "w" before it: two runs never make the same file.
        bindings.repetition = (run.isWarmup ? "w" : "") + "\(run.repetition ?? 1)"
        pattern.fill(&job, bindings)
        return job
    }
}
