import ArgumentParser
import CGExec

/// `cgexec-pool run`
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the jobs of a file, each under its own limits.",
        discussion: """
            FILE is YAML, JSON or JSON lines; '-' is standard input. Options given here win over those of its 'pool:'.

            Progress goes to standard error, the table of results to standard output. The exit status is 0 when all jobs \
            went well, 1 when some did not, 2 for a bad file (everything wrong is listed, nothing is started), 69 when \
            this host cannot enforce what was asked, 125 when we fail ourselves, 130 when interrupted.
            """)

    @Argument(help: ArgumentHelp("The job file.", valueName: "FILE"))
    var file: String

    @OptionGroup var pool: PoolOptions

    @Option(help: ArgumentHelp("Write each attempt's record as a line of JSON to this file.", valueName: "FILE"))
    var json: String?

    @Option(
        help: ArgumentHelp("When all is well: all jobs went well, any did, or a part.", valueName: "all|any|percent:N"))
    var okIf: Acceptance = .all

    @Flag(name: .shortAndLong, help: "No progress.")
    var quiet = false

    mutating func run() throws {
        // Before standard input is read: started over, we could not read it again.
        if file == "-", pool.cgroup == nil, case .scope(let isRoot) = Location.find(requested: nil) {
            Scope.restart(isRoot: isRoot)
        }
        let reading = JobFile.read(try InputFile.bytes(of: file, as: "job file"), name: file)
        let configuration = try pool.merged(into: reading.file.pool)
        let location = Location.find(requested: configuration.cgroup)
        if case .scope(let isRoot) = location { Scope.restart(isRoot: isRoot) }

        var host = HostFacts(allowed: Host.allowedCPUs(), environment: Host.environment())
        host.budget = PoolSetup.plannedBudget(configuration, at: location)
        let jobFile: JobFile
        do throws(Problems) {
            jobFile = try reading.checked(by: Preflight(host: host))
        } catch {
            Terminal.complain(error.description)
            throw ExitCode(ExitStatus.usage)
        }
        guard !jobFile.jobs.isEmpty else {
            Terminal.complain("\(file): there are no jobs")
            throw ExitCode(ExitStatus.usage)
        }
        let status = run(jobFile, configuration, at: location)
        if status != ExitStatus.ok { throw ExitCode(status) }
    }

    private func run(_ jobFile: JobFile, _ configuration: PoolConfiguration, at location: Location) -> Int32 {
        do {
            return try Batch(jobFile, configuration, at: location, recordsFile: json, isQuiet: quiet, acceptance: okIf)
                .run()
        } catch let error as HostUnfit {
            Terminal.complain("\(error)\nNothing was started.")
            return ExitStatus.hostUnfit
        } catch let error as ReportError {
            Terminal.complain("\(error)\nNothing was started.")
            return ExitStatus.usage
        } catch {
            Terminal.complain("cgexec-pool run: \(error)")
            return ExitStatus.failed
        }
    }
}

/// The options of every command that makes a pool.
struct PoolOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("How many jobs at once: auto, N, 50%, or -N for all CPUs but N.", valueName: "N"))
    var jobs: String?

    @Option(help: ArgumentHelp("The memory of all jobs together.", valueName: "SIZE|%"))
    var budget: String?

    @Option(help: ArgumentHelp("What each job owns: none, thread, core, l2, l3 or numa.", valueName: "PIECE"))
    var affinity: String?

    @Option(help: ArgumentHelp("The cgroup to work in; found when not given.", valueName: "PATH"))
    var cgroup: String?

    @Flag(help: "Run even where a limit cannot be enforced; the records say what was.")
    var bestEffort = false

    @Option(
        help: ArgumentHelp(
            "strict: no job can take another's memory. packed: promise it twice, and run some again later.",
            valueName: "strict|packed"))
    var mode: String?

    @Option(
        help: ArgumentHelp(
            "Whether jobs end that would fail as one of their category did; report only notes it.",
            valueName: "on|off|report"))
    var chain: String?

    @Flag(help: "The same as --chain=off.")
    var noChain = false

    @Option(
        help: ArgumentHelp("End everything after failures, such as now,fail=1 or soon,fail=20%.", valueName: "RULE"))
    var halt: String?

    @Flag(help: "Do not learn from jobs that ran how much memory others of their category need.")
    var noLearn = false

    @Option(
        help: ArgumentHelp("The least memory of each job without a limit; fewer run at once then.", valueName: "SIZE|%")
    )
    var leastMemory: String?

    /// Says what is wrong before anything is read.
    mutating func validate() throws { _ = try merged(into: PoolConfiguration()) }

    /// What the file says, with what was given here in its place.
    func merged(into file: PoolConfiguration) throws(ValidationError) -> PoolConfiguration {
        var result = file
        if let jobs = try read("jobs", jobs, SlotCount.init(parsing:)) { result.jobs = jobs }
        if let budget = try read("budget", budget, MemoryAmount.init(parsing:)) { result.budget = budget }
        if let affinity = try read("affinity", affinity, Affinity.init(parsing:)) { result.affinity = affinity }
        if let cgroup {
            guard cgroup.hasPrefix("/") else { throw ValidationError("--cgroup: '\(cgroup)' is not an absolute path") }
            result.cgroup = cgroup
        }
        if bestEffort { result.bestEffort = true }
        if let mode = try read("mode", mode, Mode.init(parsing:)) { result.mode = mode }
        if let chain = try read("chain", chain, Chains.init(parsing:)) { result.chains = chain }
        if noChain { result.chains = .off }
        if let halt = try read("halt", halt, Halt.init(parsing:)) { result.halt = halt }
        if noLearn { result.learnsMemory = false }
        if let least = try read("least-memory", leastMemory, MemoryAmount.init(parsing:)) { result.leastShare = least }
        return result
    }

    private func read<Value>(
        _ name: String, _ text: String?, _ parse: (String) throws(ValueError) -> Value
    ) throws(ValidationError) -> Value? {
        guard let text else { return nil }
        do throws(ValueError) {
            return try parse(text)
        } catch {
            throw ValidationError("--\(name): \(error)")
        }
    }
}

extension Affinity {
    fileprivate init(parsing text: String) throws(ValueError) {
        guard let value = Affinity(rawValue: text) else {
            throw ValueError(text, expected: Affinity.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self = value
    }
}
