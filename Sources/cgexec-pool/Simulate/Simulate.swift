import ArgumentParser
import CGExec
import SystemPackage

/// `cgexec-pool simulate`
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Try rules for memory on jobs that ran before, or that are to run; nothing is started.",
        discussion: """
            FILE holds records, as 'run --json' writes them, or is CSV with the columns start_ms, category, size_bytes, \
            peak_bytes, runtime_s and declared_bytes, or is a job file, of which --past tells how long its jobs take; '-' is \
            standard input. All jobs are released at once, in a pool of --cores and --memory, or run one after another \
            with --sequential. Of several files each is shown, and all together.

            The table has, for each policy: hours, from the first start to the last end; of the least, as a multiple of the \
            least time that is possible; wasted, memory reserved and not used, times the time; vs declared, compared with \
            reserving what was declared; killed, attempts killed for memory. docs/simulate.md explains the policies.

            The exit status is 2 for a bad file; everything wrong is listed.
            """)

    @Argument(help: ArgumentHelp("The records, the trace or the job file.", valueName: "FILE"))
    var files: [String]

    @Option(help: ArgumentHelp("The cores of the machine, one for each job.", valueName: "N"))
    var cores: String?

    @Option(help: ArgumentHelp("The memory of the machine.", valueName: "SIZE"))
    var memory = "128GiB"

    @Option(help: ArgumentHelp("Whether the pool may promise memory twice.", valueName: "strict|packed"))
    var mode: String?

    @Option(
        help: ArgumentHelp(
            "Records of a run, which tell how long the jobs of a job file take and what they need. May be given several times.",
            valueName: "FILE"))
    var past: [String] = []

    @Flag(help: "One job after another, from cold; a killed attempt costs its whole run.")
    var sequential = false

    @Option(
        name: .customLong("policy"),
        help: ArgumentHelp(
            """
            Compare only these: \(PolicyName.expected(sequential: false)); with --sequential \
            \(PolicyName.expected(sequential: true)). May be given several times.
            """, valueName: "NAME"))
    var policies: [String] = []

    @Flag(help: "Print the results as JSON.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Draw which job ran when on which core, for each policy, of all files together.", valueName: "FILE"))
    var svg: String?

    /// Says everything that is wrong before anything is read.
    mutating func validate() throws {
        var problems: [String] = []
        if sequential, cores != nil { problems.append("--cores: one job after another has no use for them") }
        if sequential, mode != nil { problems.append("--mode: one job after another has no use for it") }
        if sequential, svg != nil { problems.append("--svg: one job after another makes no picture") }
        if let cores, Self.coreCount(cores) == nil {
            problems.append("--cores: '\(cores)' is not a number from 1 to 4096")
        }
        for text in policies where name(text) == nil {
            problems.append("--policy: '\(text)' is not \(PolicyName.expected(sequential: sequential))")
        }
        do throws(ValueError) {
            _ = try ByteSize(parsing: memory)
        } catch {
            problems.append("--memory: \(error)")
        }
        do throws(ValueError) {
            _ = try mode.map(Mode.init(parsing:))
        } catch {
            problems.append("--mode: \(error)")
        }
        if let error = ValidationError(problems) { throw error }
    }

    private static func coreCount(_ text: String) -> Int? { Int(text).flatMap { (1...4096).contains($0) ? $0 : nil } }

    mutating func run() throws {
        let replay = try replay()
        var traces: [Trace] = []
        var complaints: [String] = []
        var past: [TraceJob] = []
        for file in self.past {
            let text = String(decoding: try InputFile.bytes(of: file, as: "past run"), as: UTF8.self)
            do throws(Problems) {
                past += try RecordsReader.read(text, name: file, replay: replay).jobs
            } catch {
                complaints.append(error.description)
            }
        }
        for file in files {
            let text = String(decoding: try InputFile.bytes(of: file, as: "trace"), as: UTF8.self)
            do throws(Problems) {
                if JobFileTrace.isMeant(by: text, name: file) {
                    traces.append(try JobFileTrace(past, replay).read(text, name: file))
                } else if RecordsReader.isMeant(by: text) {
                    traces.append(try RecordsReader.read(text, name: file, replay: replay))
                } else {
                    traces.append(try TraceReader.read(text, name: file, memory: replay.memory))
                }
            } catch {
                complaints.append(error.description)
            }
        }
        guard complaints.isEmpty else {
            Terminal.complain(complaints.joined(separator: "\n"))
            throw ExitCode(ExitStatus.usage)
        }
        for trace in traces where trace.leftOut > 0 {
            let name = trace.file == "-" ? "<stdin>" : trace.file
            let all = trace.leftOut + trace.jobs.count
            Terminal.complain(
                "cgexec-pool simulate: \(name): \(trace.leftOut) of \(all) attempts left out: they did not succeed, or their need is not known"
            )
        }
        let comparison = PolicyComparison(traces, names, replay)
        if let svg { try write(comparison.picture, to: svg) }
        Terminal.say(json ? try comparison.json() : comparison.text)
    }

    private func write(_ text: String, to file: String) throws {
        do {
            let descriptor = try FileDescriptor.open(
                FilePath(file), .writeOnly, options: [.create, .truncate],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            try descriptor.closeAfter { _ = try descriptor.writeAll(text.utf8) }
        } catch {
            Terminal.complain("cannot write the picture to \(file): \(error)")
            throw ExitCode(ExitStatus.usage)
        }
    }

    /// The policy of this name, where it can be had.
    private func name(_ text: String) -> PolicyName? {
        PolicyName(text).flatMap { name in
            (sequential ? name != .pyexpool : PolicyName.pools.contains(name)) ? name : nil
        }
    }

    /// Each once, in the order in which they were given.
    private var names: [PolicyName] {
        let given = policies.compactMap(name).reduce(into: [PolicyName]()) { if !$0.contains($1) { $0.append($1) } }
        return given.isEmpty ? sequential ? PolicyName.usual : PolicyName.pools : given
    }

    private func replay() throws -> Replay {
        let size = try ByteSize(parsing: memory)
        if sequential { return .sequential(memory: size) }
        return .pool(
            cores: cores.flatMap(Self.coreCount) ?? 64, memory: size,
            mode: try mode.map(Mode.init(parsing:)) ?? .strict)
    }
}
