import CGExec
import Glibc
import SystemPackage

/// A job file being run: submits everything, tells of the progress, and gives the exit status.
final class Batch {
    private let file: JobFile
    private let recordsFile: String?
    private let signals: Signals
    private let pool: PoolRun
    private let setup: PoolSetup
    private let progress: Progress
    private let acceptance: Acceptance
    /// Whether a file for what is learned was asked for.
    private let mustKeepLearned: Bool
    private var summary = Summary()
    private var failures = FailureReport()
    private let runs: NumberedRuns
    private let submissions: Submissions
    /// The records of jobs that run more than once.
    private var repeated: [Record] = []
    private var interruptions = 0
    private let journal: Journal?
    /// What an earlier run has done.
    private let resumption: Resumption
    /// Whether figures that are not clean are a failure.
    private let requiresClean: Bool
    private let notifier: Notifier
    /// What ends a run.
    private static let interrupting = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]

    init(
        _ file: JobFile, _ configuration: PoolConfiguration, at location: Location, recordsFile: String?, isQuiet: Bool,
        acceptance: Acceptance, mustKeepLearned: Bool, journal options: JournalOptions, requiresClean: Bool,
        notify: [NotifyRule]
    ) throws {
        self.file = file
        self.acceptance = acceptance
        self.mustKeepLearned = mustKeepLearned
        self.recordsFile = recordsFile
        self.requiresClean = requiresClean
        // Not those that are ignored, as under nohup or in the background of a script: a blocked signal would arrive
        // in spite of that. SIGCHLD, so that it is not ignored: nobody would learn how jobs ended.
        let interrupting = Self.interrupting.filter { !Signals.isIgnored($0) }
        signals = try Signals(taking: interrupting + [SIGPIPE, SIGCHLD])
        let journal = try options.open()
        // Before anything of ours is there.
        try journal?.removeRemains()
        var plan = RunPlan(file)
        resumption =
            journal.map { Resumption(of: file, &plan, from: $0, rerunsFailed: options.rerunFailed) } ?? Resumption()
        self.journal = journal
        let reactor = try Reactor()
        let purpose = PoolSetup.Purpose(jobs: file.jobs.map(\.job), signals: signals.before) { claims in
            let holders = claims.map { "  \($0)".harmless }.joined(separator: "\n")
            Terminal.complain("cgexec-pool run: waiting for CPUs (--no-wait does not):\n\(holders)")
        }
        setup = try PoolSetup(configuration, for: purpose, at: location, reactor: reactor)
        progress = Progress(total: plan.runs.count, isQuiet: isQuiet)
        // Not by the progress, which has ended when the last of it is told.
        notifier = Notifier(notify) { Terminal.complain("cgexec-pool run: \($0)") }
        let runs = NumberedRuns(file.jobs)
        self.runs = runs
        let pool = PoolRun(
            setup, reactor: reactor,
            style: .init { id, slot, attempt in runs.job(id, slot: slot, attempt: attempt) })
        do {
            try journal?.begin(keeping: resumption.kept, jobs: plan.runs.count, cgroup: pool.cgroup)
        } catch {
            pool.close()
            throw error
        }
        pool.journal = journal
        self.pool = pool
        submissions = Submissions(file, plan, to: pool, runs, resumption)
    }

    /// Runs all jobs to their end, or to ours.
    func run() throws -> Int32 {
        let records = try recordsFile.map { try RecordsFile($0) }
        for warning in setup.warnings { Terminal.complain("cgexec-pool run: \(warning.harmless)") }
        progress.begin(setup)
        notifier.news = { [unowned self] event in news(event) }
        notifier.begin(on: pool)
        pool.onStart = { [unowned self] _, job, _ in
            notifier.happened()
            progress.started(job)
        }
        pool.onAttempt = { [unowned self] record in
            notifier.happened()
            if record.repeat != nil { repeated.append(record.withoutBulk) }
            records?.append(record)
            progress.again(record, of: job(record))
        }
        pool.onRecord = { [unowned self] record in
            if record.repeat != nil { repeated.append(record.withoutBulk) }
            records?.append(record)
            summary.add(record, of: job(record))
            failures.add(record, of: job(record))
            progress.finished(record, of: job(record))
            notifier.happened()
            if !record.outcome.isSuccess, record.outcome.kind != .cancelled { notifier.failed() }
            submissions.ended(record)
        }
        submissions.onMore = { [progress] more in progress.expect(more) }
        submissions.onDoubt = { [progress] doubt in progress.insist(doubt) }
        journal?.onTrouble = { [progress] trouble in
            progress.insist(
                trouble.map { "the journal cannot be written: \($0). What is not written is kept, and tried again" }
                    ?? "the journal is written again")
        }
        for (run, record) in resumption.carried.sorted(by: { $0.value.id < $1.value.id }) {
            records?.append(record)
            if record.repeat != nil { repeated.append(record.withoutBulk) }
            summary.add(record, of: file.jobs[run.index].job)
            failures.add(record, of: file.jobs[run.index].job)
        }
        if !resumption.carried.isEmpty {
            let undone = resumption.carried.values.count { $0.outcome.kind == .cancelled }
            progress.carriedOver(resumption.carried.count - undone, undone: undone)
        }
        pool.together(submissions.submit)
        try pool.run(signals: signals) { [unowned self] arrival in interrupt(arrival.signal) }
        pool.close()
        let unwritten = Result { try journal?.finish() }
        progress.end()
        let lost = Result { try records?.close() }
        if let text = failures.text { Terminal.complain(text) }
        let tables = [summary.text, StatisticsTable(Repetitions.groups(repeated))?.text].compactMap(\.self)
            .joined(separator: "\n\n")
        // Records on standard output are for a program, which has no use for a table between them.
        if recordsFile == "-" { Terminal.complain(tables) } else { Terminal.say(tables) }
        // This may have to wait for another run.
        let forgotten = Result { try pool.keepLearned() }
        // Everything is written by now; who does not want to wait for this may end us. Not those that a closed pipe sends.
        if !notifier.isSilent { signals.release(Self.interrupting) }
        notifier.finish()
        if case .failure(let error) = unwritten {
            Terminal.complain(
                "cgexec-pool run: the journal lacks the end of this run: \("\(error)".harmless). '--resume' runs again what is"
                    + " missing there")
        }
        try lost.get()
        if case .failure = unwritten { return ExitStatus.failed }
        if case .failure(let error) = forgotten {
            Terminal.complain("cgexec-pool run: \("\(error)".harmless)")
            if mustKeepLearned { return ExitStatus.failed }
        }
        if interruptions > 0 {
            if journal != nil {
                Terminal.complain("cgexec-pool run: --resume with the same --journal runs what is not done yet")
            }
            return ExitStatus.interrupted
        }
        if requiresClean, let name = summary.unclean.first {
            let count = summary.unclean.count
            Terminal.complain(
                "cgexec-pool run: --require-clean: \(count) of \(summary.total) have no clean figures, the first is '\(name.harmless)':"
                    + " its record tells why (--json)")
            return ExitStatus.jobFailed
        }
        return acceptance.accepts(summary.successes, of: summary.total) ? ExitStatus.ok : ExitStatus.jobFailed
    }

    private func job(_ record: Record) -> Job { runs.job(record.id) }

    private func news(_ event: String) -> RunNews {
        RunNews(
            event: event, text: "\(file.pool.name ?? file.name): \(standing(event))", host: Host.name(),
            file: file.name, seconds: progress.seconds, jobs: progress.total, done: progress.done,
            running: pool.load.running, outcomes: summary.outcomes, failures: failures.first)
    }

    /// In a sentence, for those who are told because of `event`.
    private func standing(_ event: String) -> String {
        let total = progress.total
        let jobs = "\(progress.done) of \(total) \(total == 1 ? "job is" : "jobs are") done"
        switch event {
        case "finish": return (progress.done == total ? "finished, " : "ended, \(jobs), ") + summary.counted
        case "failure":
            return "\(failures.first.first.map { "\($0.name) failed (\($0.outcome))" } ?? "a job failed"), \(jobs)"
        case "stuck": return "nothing starts or ends any more, \(jobs)"
        default: return jobs
        }
    }

    /// The first signal ends everything with its grace, the next one at once.
    private func interrupt(_ signal: Int32) {
        guard signal != SIGPIPE && signal != SIGCHLD else { return }
        interruptions += 1
        progress.say(interruptions == 1 ? "interrupted: ending what runs; once more to kill it" : "killing what runs")
        submissions.stop()
        if interruptions == 1 { pool.end() } else { pool.killAll() }
    }
}

/// The file of records, one JSON object a line; `-` is standard output.
private final class RecordsFile {
    private let descriptor: FileDescriptor
    private let writer: LineWriter
    private var failure: (any Error)?

    init(_ path: String) throws {
        guard path != "-" else {
            descriptor = .standardOutput
            writer = LineWriter(descriptor: descriptor.rawValue, name: "standard output")
            return
        }
        do {
            descriptor = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        } catch {
            throw ReportError(description: "cannot write records to \(path): \(error)")
        }
        writer = LineWriter(descriptor: descriptor.rawValue, name: path)
    }

    func append(_ record: Record) {
        do {
            writer.append(try record.jsonLine())
        } catch {
            failure = failure ?? error
        }
    }

    func close() throws {
        try writer.finish()
        if descriptor != .standardOutput { try descriptor.close() }
        if let failure { throw failure }
    }
}

/// A place where records were to go cannot be written to.
struct ReportError: Error, CustomStringConvertible {
    var description: String
}
