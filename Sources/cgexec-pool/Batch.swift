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
    private var summary = Summary()
    private var interruptions = 0

    init(
        _ file: JobFile, _ configuration: PoolConfiguration, at location: Location, recordsFile: String?, isQuiet: Bool
    ) throws {
        self.file = file
        self.recordsFile = recordsFile
        // Not those that are ignored, as under nohup or in the background of a script: a blocked signal would arrive
        // in spite of that. SIGCHLD, so that it is not ignored: nobody would learn how jobs ended.
        let interrupting = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].filter { !Signals.isIgnored($0) }
        signals = try Signals(taking: interrupting + [SIGPIPE, SIGCHLD])
        let reactor = try Reactor()
        let purpose = PoolSetup.Purpose(jobs: file.jobs.map(\.job), signals: signals.before)
        setup = try PoolSetup(configuration, for: purpose, at: location, reactor: reactor)
        progress = Progress(total: file.jobs.count, isQuiet: isQuiet)
        let planned = file.jobs
        pool = PoolRun(
            setup, reactor: reactor,
            style: .init { id, slot, attempt in planned[id.number - 1].job(slot: slot, attempt: attempt) })
    }

    /// Runs all jobs to their end, or to ours.
    func run() throws -> Int32 {
        let records = try recordsFile.map { try RecordsFile($0) }
        progress.begin(setup)
        pool.onStart = { [unowned self] _, job, _ in progress.started(job) }
        pool.onAttempt = { [unowned self] record in
            records?.append(record)
            progress.again(record)
        }
        pool.onRecord = { [unowned self] record in
            records?.append(record)
            summary.add(record)
            progress.finished(record)
        }
        for planned in file.jobs { _ = pool.submit(planned.job) }
        try pool.run(signals: signals) { [unowned self] arrival in interrupt(arrival.signal) }
        pool.close()
        progress.end()
        let lost = Result { try records?.close() }
        Terminal.say(summary.text)
        try lost.get()
        if interruptions > 0 { return ExitStatus.interrupted }
        return summary.allWell ? ExitStatus.ok : ExitStatus.jobFailed
    }

    /// The first signal ends everything with its grace, the next one at once.
    private func interrupt(_ signal: Int32) {
        guard signal != SIGPIPE && signal != SIGCHLD else { return }
        interruptions += 1
        progress.say(interruptions == 1 ? "interrupted: ending what runs; once more to kill it" : "killing what runs")
        if interruptions == 1 { pool.end() } else { pool.killAll() }
    }
}

/// The file of records, one JSON object a line.
private final class RecordsFile {
    private let descriptor: FileDescriptor
    private let writer: LineWriter
    private var failure: (any Error)?

    init(_ path: String) throws {
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
        try descriptor.close()
        if let failure { throw failure }
    }
}

/// A place where records were to go cannot be written to.
struct ReportError: Error, CustomStringConvertible {
    var description: String
}
