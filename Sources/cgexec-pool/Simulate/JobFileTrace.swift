import CGExec

/// Makes a trace of a job file: what its jobs would do, as far as a past run, or what they ask for, tells.
struct JobFileTrace {
    private var byName: [String: TraceJob] = [:]
    private var byCategory: [String: [TraceJob]] = [:]
    private let replay: Replay

    /// Whether a text is meant to be a job file, and neither records nor a trace.
    static func isMeant(by text: String, name: String) -> Bool {
        switch FilePathParts(name).fileExtension.lowercased() {
        case "yaml", "yml", "json": return true
        case "csv": return false
        default:
            let start = text.drop(while: \.isWhitespace)
            if start.first == "{" { return !RecordsReader.isMeant(by: text) }
            // A trace's first line names its columns.
            let isTrace = start.prefix { !$0.isNewline }.contains("runtime_s")
            return start.first == "[" || !isTrace && text.contains(":")
        }
    }

    /// `past` is what is known of such jobs.
    init(_ past: [TraceJob], _ replay: Replay) {
        self.replay = replay
        for job in past {
            if let name = job.name { byName[name] = job }
            if !job.isAlone { byCategory[job.category, default: []].append(job) }
        }
    }

    /// - Throws: everything that is wrong with the text, and the jobs of which nobody knows how long they take.
    func read(_ text: String, name: String) throws(Problems) -> Trace {
        let file = try JobFile.read(text, name: name).checked()
        var problems = RepeatedProblems()
        var places: [String: [Int]] = [:]
        var jobs: [TraceJob] = []
        for index in file.order {
            let planned = file.jobs[index]
            guard var job = job(planned, &problems) else { continue }
            job.start = Double(jobs.count)
            job.after = planned.after.flatMap { places[$0.value] ?? [] }
            for _ in 0..<planned.repeats.warmups + planned.repeats.least {
                for name in [planned.job.name] + planned.groups { places[name, default: []].append(jobs.count) }
                jobs.append(job)
                job.start += 1
            }
        }
        if jobs.isEmpty, problems.list.isEmpty { throw Problems(file: name, [Problem(.start, "there are no jobs")]) }
        if !problems.list.isEmpty { throw Problems(file: name, problems.list) }
        return Trace(file: name, jobs: jobs)
    }

    private func job(_ planned: PlannedJob, _ problems: inout RepeatedProblems) -> TraceJob? {
        let job = planned.job
        let known = known(job)
        guard let seconds = known?.seconds ?? job.limits.timeout?.seconds else {
            problems.add(
                "time", planned.pattern.place,
                "nobody knows how long it takes: name the records of a run with --past, or set a timeout")
            return nil
        }
        let asked = (job.limits.need ?? job.limits.memory)?.resolved(of: replay.memory)
        let declared = asked ?? replay.share
        let peak = known?.peak ?? Double(declared.bytes)
        guard peak <= Double(replay.memory.bytes), declared <= replay.memory else {
            problems.add(
                "memory", planned.pattern.place,
                "it needs more than the \(replay.memory) of the machine; give more with --memory")
            return nil
        }
        return TraceJob(
            start: 0, category: job.category ?? job.name, isAlone: job.category == nil, size: job.size, peak: peak,
            seconds: seconds, declared: Double(declared.bytes), name: job.name, priority: job.priority)
    }

    /// The same job of the past, else the one of its category that is nearest in size.
    private func known(_ job: Job) -> TraceJob? {
        if let same = byName[job.name] { return same }
        return job.category.flatMap { byCategory[$0] }?.min { abs($0.size - job.size) < abs($1.size - job.size) }
    }
}
