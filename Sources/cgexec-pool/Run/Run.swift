import ArgumentParser
import CGExec
import Glibc

/// `cgexec-pool run`
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the jobs of a file, each under its own limits.",
        discussion: """
            FILE is YAML, JSON or JSON lines; '-' is standard input. Options given here win over those of its 'pool:'.

            What jobs write is not shown: it is kept in their records (--json), or goes where the file sends it ('stdout:', \
            'stderr:'). Progress goes to standard error, the table of results to standard output. The exit status is 0 when all jobs \
            went well, 1 when some did not, 2 for a bad file (everything wrong is listed, nothing is started), 69 when \
            this host cannot enforce what was asked, 125 when we fail ourselves, 130 when interrupted.

            How much memory the jobs of each category needed is kept for the next run, in \(LearnedPath.forPeople), unless \
            --learned or --no-learn says otherwise; 'cgexec-pool learned' shows it.

            Examples:
              cgexec-pool run jobs.yaml
              cgexec-pool run --jobs 4 --budget 50% --json records.jsonl jobs.yaml

            docs/job-files.md describes job files.
            """)

    @Argument(help: ArgumentHelp("The job file.", valueName: "FILE"))
    var file: String

    @OptionGroup var pool: PoolOptions

    @Option(
        help: ArgumentHelp(
            """
            Write each attempt's record as a line of JSON to this file, in place of what it had; '-' is standard output, \
            and the table goes to standard error then.
            """, valueName: "FILE"))
    var json: String?

    @OptionGroup var journal: JournalOptions

    @Option(
        help: ArgumentHelp(
            """
            Tell of the run: WHEN is finish, failure, every:TIME, stuck:TIME, or several with commas; HOW is mail:ADDRESS, \
            http(s)://ADDRESS or a command for the shell.
            """, valueName: "WHEN=HOW"))
    var notify: [String] = []

    @Option(
        help: ArgumentHelp(
            "Output files have their names only when the job succeeded; else they stay as FILE.partial, or go.",
            valueName: "keep|remove"))
    var atomicOutput: String?

    @Option(
        help: ArgumentHelp("When all is well: all jobs went well, any did, or a part.", valueName: "all|any|percent:N"))
    var okIf = "all"

    @Flag(help: "Fail where a job's figures are not clean: disturbed, or nobody can tell.")
    var requireClean = false

    @Flag(name: .shortAndLong, help: "No progress.")
    var quiet = false

    @Flag(help: "Check the file and print the command of each job; nothing is started.")
    var dryRun = false

    /// Says everything that is wrong before anything is read.
    mutating func validate() throws {
        var problems = pool.problems + journal.problems
        for text in notify {
            do throws(ValueError) { _ = try NotifyRule(parsing: text) } catch { problems.append("--notify: \(error)") }
        }
        do throws(ValueError) { _ = try partialOutput() } catch { problems.append("--atomic-output: \(error)") }
        if Acceptance(argument: okIf) == nil {
            problems.append("--ok-if: \(ValueError(okIf, expected: "all, any or percent:N, as in percent:90"))")
        }
        if let error = ValidationError(problems) { throw error }
    }

    private func partialOutput() throws(ValueError) -> PartialOutput? {
        guard let atomicOutput else { return nil }
        return try PartialOutput(parsing: atomicOutput)
    }

    mutating func run() throws {
        // Before standard input is read: started over, we could not read it again.
        if file == "-", pool.cgroup == nil, case .scope(let isRoot) = Location.find(requested: nil) {
            Scope.restart(isRoot: isRoot)
        }
        let reading = JobFile.read(try InputFile.bytes(of: file, as: "job file"), name: file)
        let configuration = pool.merged(into: reading.file.pool)
        let location = Location.find(requested: configuration.cgroup)
        if case .scope(let isRoot) = location { Scope.restart(isRoot: isRoot) }

        var host = HostFacts(allowed: Host.allowedCPUs(), environment: Host.environment())
        host.budget = PoolSetup.plannedBudget(configuration, at: location)
        var jobFile: JobFile
        do throws(Problems) {
            jobFile = try reading.checked(by: Preflight(host: host))
        } catch {
            Terminal.complain(error.description)
            throw ExitCode(ExitStatus.usage)
        }
        let partial = try partialOutput()
        for index in jobFile.jobs.indices {
            let asked = jobFile.jobs[index].job.partialOutput ?? partial
            jobFile.jobs[index].job.partialOutput = jobFile.jobs[index].job.writesToDevice ? nil : asked
        }
        if let problem = collision(configuration) ?? journal.collision(jobs: file, records: json) {
            Terminal.complain("cgexec-pool run: \(problem)")
            throw ExitCode(ExitStatus.usage)
        }
        if json == "-", let job = jobFile.jobs.first(where: { $0.job.stdout == .inherit })?.job {
            Terminal.complain(
                "cgexec-pool run: --json: '-' is standard output, where the job '\(excerpt(job.name))' writes as well"
                    + " (stdout: inherit); name a file")
            throw ExitCode(ExitStatus.usage)
        }
        guard !jobFile.jobs.isEmpty else {
            Terminal.complain("cgexec-pool run: \(file): there are no jobs")
            throw ExitCode(ExitStatus.usage)
        }
        guard !dryRun else {
            let lines = jobFile.order.map { index in
                let planned = jobFile.jobs[index]
                let repeats = planned.repeats.forPeople.map { " (\($0))" } ?? ""
                return "\(planned.job.name)\(repeats): \(ShellText.line(planned.job.command))"
            }
            return Terminal.say(lines.joined(separator: "\n"))
        }
        let status = run(jobFile, configuration, at: location)
        if status != ExitStatus.ok { throw ExitCode(status) }
    }

    /// What would be written over by something else.
    private func collision(_ configuration: PoolConfiguration) -> String? {
        let jobs = FileIdentity(file, stream: STDIN_FILENO)
        let records = json.map { FileIdentity($0, stream: STDOUT_FILENO) }
        if let json, records?.isSame(as: jobs) == true {
            return "--json: \(json) is the job file itself, and would be written over; name another file"
        }
        guard configuration.learnsMemory, let path = LearnedPath.asked(configuration) ?? LearnedPath.usual() else {
            return nil
        }
        if path == "-" { return "--learned: what is learned is read and replaced, which '-' cannot be; name a file" }
        let learned = FileIdentity(path, stream: STDIN_FILENO)
        if learned.isSame(as: jobs) {
            return "--learned: \(path) is the job file itself, and would be written over; name another file"
        }
        if let json, records?.isSame(as: learned) == true {
            return "--json: \(json) is where what was learned is kept, and would be written over; name another file"
        }
        return nil
    }

    /// What is said to those who give a limit as an option, as `exec` takes it.
    static func hint(for arguments: [String]) -> String? {
        let words = arguments.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }
        let names = words.map { String($0.dropFirst(2).prefix { $0 != "=" }) }
        return names.first { LimitOption.named($0) != nil || SchedulingOption.named($0) != nil }.map {
            "  Limits stand in the job file: '\($0)' is a key of a job, or of 'defaults' for all jobs."
        }
    }

    private func run(_ jobFile: JobFile, _ configuration: PoolConfiguration, at location: Location) -> Int32 {
        do {
            let acceptance = Acceptance(argument: okIf) ?? .all
            return try Batch(
                jobFile, LearnedPath.chosen(configuration, for: jobFile), at: location, recordsFile: json,
                isQuiet: quiet, acceptance: acceptance, mustKeepLearned: configuration.learned != .inMemory,
                journal: journal, requiresClean: requireClean,
                // Those that are none were refused.
                notify: jobFile.notify + notify.compactMap { try? NotifyRule(parsing: $0) }
            ).run()
        } catch let error as LearnedFileError {
            Terminal.complain("cgexec-pool run: \("\(error)".harmless), or say --no-learn\nNothing was started.")
            return ExitStatus.usage
        } catch let error as HostUnfit {
            let isStrict = !configuration.bestEffort
            Terminal.complain(Refusal.text(error, command: "run", file: jobFile, isStrict: isStrict))
            return ExitStatus.hostUnfit
        } catch let error as JournalDamage {
            Terminal.complain("cgexec-pool run: --journal: \("\(error)".harmless)\nNothing was started.")
            return ExitStatus.usage
        } catch let error as ReportError {
            Terminal.complain("cgexec-pool run: \(error)\nNothing was started.")
            return ExitStatus.usage
        } catch {
            Terminal.complain("cgexec-pool run: \(error)")
            return ExitStatus.failed
        }
    }
}

extension Job {
    /// Whether a stream goes to something that is there and no regular file: a device or a pipe has its name for good.
    fileprivate var writesToDevice: Bool {
        [stdout, stderr].contains { output in
            guard case .file(let path) = output else { return false }
            var facts = stat()
            return stat(located(path), &facts) == 0 && facts.st_mode & S_IFMT != S_IFREG
        }
    }
}

extension ValidationError {
    /// Everything that is wrong with a command line; nil when nothing is.
    init?(_ problems: [String]) {
        guard !problems.isEmpty else { return nil }
        self.init(problems.joined(separator: "\nError: "))
    }
}
