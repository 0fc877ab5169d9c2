import CGExec
import Glibc

/// `cgexec-pool exec`: one command in one leaf, transparent to its user and to the program.
enum ExecCommand {
    /// Runs the command line after `exec` and gives the exit status.
    static func main(_ arguments: [String]) -> Int32 {
        let options: ExecOptions
        do throws(ExecOptions.Misuse) {
            options = try ExecOptions(arguments)
        } catch {
            for problem in error.problems { Terminal.complain("cgexec-pool exec: \(problem)") }
            return ExitStatus.failed
        }
        if options.wantsHelp {
            Terminal.say(ExecOptions.help)
            return ExitStatus.ok
        }
        if options.wantsVersion {
            Terminal.say(CGExecPool.version)
            return ExitStatus.ok
        }
        let location = Location.find(requested: options.configuration.cgroup)
        if case .scope(let isRoot) = location { Scope.restart(isRoot: isRoot) }
        do {
            return try run(options, at: location)
        } catch {
            guard let unfit = error as? HostUnfit else {
                Terminal.complain("cgexec-pool exec: \(error)")
                return ExitStatus.failed
            }
            Terminal.complain(Refusal.text(unfit, command: "exec", isStrict: !options.configuration.bestEffort))
            return ExitStatus.hostUnfit
        }
    }

    /// What the program gets through us. SIGCHLD tells of its stopping; SIGPIPE is only blocked, so that a lost reader
    /// is an error of a write and not our end.
    private static let signals: [Int32] =
        [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGTSTP, SIGCONT, SIGWINCH, SIGCHLD, SIGPIPE]

    private static func run(_ options: ExecOptions, at location: Location) throws -> Int32 {
        let signals = try Signals(taking: signals)
        let recordFile = try options.jsonFile.map(RecordFile.init)
        let runexecFile = try options.runexecFile.map(RecordFile.init)
        let reactor = try Reactor()
        let job = options.job
        let purpose = PoolSetup.Purpose(jobs: [job], plansMemory: false, signals: signals.before) { claims in
            let holders = claims.map { "  \($0)".harmless }.joined(separator: "\n")
            Terminal.complain("cgexec-pool exec: waiting for CPUs:\n\(holders)")
        }
        let setup = try PoolSetup(options.configuration, for: purpose, at: location, reactor: reactor)
        for warning in setup.warnings { Terminal.complain("cgexec-pool exec: \(warning.harmless)") }
        let command = CommandLine.lastArguments(options.command.count)
        let pool = PoolRun(setup, reactor: reactor, style: .init(transparentCommand: command))
        if options.limits.outputLimit != nil && Terminal.isInteractive {
            Terminal.complain("cgexec-pool exec: --output-limit puts pipes between the command and its outputs")
        }
        var ended: Record?
        pool.onRecord = { ended = $0 }
        let id = pool.submit(job)
        try pool.run(signals: signals) { pass($0, to: id, of: pool) }
        pool.close()
        guard let record = ended else { return ExitStatus.failed }
        try recordFile?.write(record.jsonLine() + "\n")
        try runexecFile?.write(RunexecResult(record).text)
        return report(record)
    }

    // MARK: Signals

    private static func pass(_ arrival: Signals.Arrival, to job: JobID, of pool: PoolRun) {
        switch arrival.signal {
        case SIGCHLD:
            // Without a terminal there is no job control, and nobody would wake us.
            if pool.hasTerminal && JobControl.followStop() { pool.signal(job, SIGCONT) }
        case SIGCONT:
            // On a terminal it is what ends a stop that we followed, and dealt with there.
            if !pool.hasTerminal { pool.signal(job, SIGCONT) }
        case SIGPIPE: break
        default:
            // What the terminal sent reached the program as well; what a process of the job sent to its group was
            // not meant for us.
            guard let sender = arrival.sender, !pool.owns(process: sender) else { return }
            pool.signal(job, arrival.signal)
        }
    }

    // MARK: Reporting

    /// Says what the program could not say itself, and gives the exit status.
    private static func report(_ record: Record) -> Int32 {
        let outcome = record.outcome
        func complain(_ text: String) { Terminal.complain("cgexec-pool exec: \(record.name): \(text)") }
        for note in record.notes ?? [] { complain(note) }
        switch outcome.kind {
        case .ok, .exit: return Int32(outcome.code ?? 0)
        case .signal: return 128 + Int32(outcome.signal ?? 0)
        case .timeout, .cpuTimeout:
            complain(record.explanation ?? "it reached its time limit")
            return ExitStatus.timeout
        case .memory:
            complain("\(outcome.message ?? "it ran out of memory") (\(outcome.culprit?.rawValue ?? "unknown"))")
            return ExitStatus.killedForMemory
        case .launchError:
            var message = outcome.message ?? "it could not be started"
            if record.argv.count == 1, let text = record.argv.first, text.contains(" "), outcome.errno == Int(ENOENT) {
                message += "; for a shell to read that, write: cgexec-pool exec -- sh -c \(ShellText.quoted(text))"
            }
            Terminal.complain("cgexec-pool exec: \(message)")
            guard outcome.stage == "exec" else { return ExitStatus.failed }
            return outcome.errno == Int(ENOENT) ? ExitStatus.notFound : ExitStatus.cannotExecute
        case .pids, .output, .chained, .postponed, .cancelled, .lost:
            complain(record.explanation ?? "it was ended")
            return ExitStatus.failed
        }
    }
}

extension CommandLine {
    /// The last arguments as they came: as texts, bytes that are not UTF-8 would be replaced.
    fileprivate static func lastArguments(_ count: Int) -> [[UInt8]] {
        (Int(argc) - count..<Int(argc)).map { index in
            guard let argument = unsafeArgv[index] else { return [] }
            return Array(UnsafeBufferPointer(start: argument, count: strlen(argument))).map(UInt8.init(bitPattern:))
        }
    }
}
