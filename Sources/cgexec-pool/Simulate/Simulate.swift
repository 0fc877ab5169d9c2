import ArgumentParser
import CGExec
import SystemPackage

/// `cgexec-pool simulate`
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replay a trace of jobs under different rules for memory; nothing is started.",
        discussion: """
            FILE is CSV with the columns start_ms, category, size_bytes, peak_bytes, runtime_s and declared_bytes; '-' is \
            standard input. All jobs are released at once, in a pool of --cores and --memory, or run one after another \
            with --sequential. Of several files each is shown, and all together. docs/simulate.md explains the policies.

            The exit status is 2 for a bad file; everything wrong is listed.
            """)

    @Argument(help: ArgumentHelp("The trace.", valueName: "FILE"))
    var files: [String]

    @Option(help: ArgumentHelp("The cores of the machine, one for each job.", valueName: "N"))
    var cores: Int?

    @Option(help: ArgumentHelp("The memory of the machine.", valueName: "SIZE"))
    var memory = "128GiB"

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

    /// Says what is wrong before anything is read.
    mutating func validate() throws {
        if sequential, cores != nil { throw ValidationError("--cores: one job after another has no use for them") }
        if sequential, svg != nil { throw ValidationError("--svg: one job after another makes no picture") }
        if let cores, !(1...4096).contains(cores) {
            throw ValidationError("--cores: '\(cores)' is not a number from 1 to 4096")
        }
        _ = try (names(), replay())
    }

    mutating func run() throws {
        let replay = try replay()
        var traces: [Trace] = []
        var complaints: [String] = []
        for file in files {
            let text = String(decoding: try InputFile.bytes(of: file, as: "trace"), as: UTF8.self)
            do throws(Problems) {
                traces.append(try TraceReader.read(text, name: file, memory: replay.memory))
            } catch {
                complaints.append(error.description)
            }
        }
        guard complaints.isEmpty else {
            Terminal.complain(complaints.joined(separator: "\n"))
            throw ExitCode(ExitStatus.usage)
        }
        let comparison = Comparison(traces, try names(), replay)
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

    private func names() throws(ValidationError) -> [PolicyName] {
        var names: [PolicyName] = []
        for text in policies {
            guard let name = PolicyName(text), sequential ? name != .pyexpool : PolicyName.pools.contains(name) else {
                throw ValidationError("--policy: '\(text)' is not \(PolicyName.expected(sequential: sequential))")
            }
            if !names.contains(name) { names.append(name) }
        }
        return names.isEmpty ? sequential ? PolicyName.usual : PolicyName.pools : names
    }

    private func replay() throws(ValidationError) -> Replay {
        let size: ByteSize
        do throws(ValueError) {
            size = try ByteSize(parsing: memory)
        } catch {
            throw ValidationError("--memory: \(error)")
        }
        return sequential ? .sequential(memory: size) : .pool(cores: cores ?? 64, memory: size)
    }
}
