import ArgumentParser
import CGExec

/// `cgexec-pool simulate`
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replay a trace of jobs under different rules for memory; nothing is started.",
        discussion: """
            FILE is CSV with the columns start_ms, category, size_bytes, peak_bytes, runtime_s and declared_bytes; '-' is \
            standard input. Of several files each is shown, and all together. docs/simulate.md explains the policies.

            The exit status is 2 for a bad file; everything wrong is listed.
            """)

    @Argument(help: ArgumentHelp("The trace.", valueName: "FILE"))
    var files: [String]

    @Flag(help: "One job after another, from cold; a killed attempt costs its whole run.")
    var sequential = false

    @Option(
        name: .customLong("policy"),
        help: ArgumentHelp(
            "Compare only these: \(PolicyName.expected). May be given several times.", valueName: "NAME"))
    var policies: [String] = []

    @Option(help: ArgumentHelp("The memory of the machine.", valueName: "SIZE"))
    var memory = "128GiB"

    @Flag(help: "Print the results as JSON.")
    var json = false

    /// Says what is wrong before anything is read.
    mutating func validate() throws {
        guard sequential else {
            throw ValidationError("say --sequential: one job after another is the only replay yet")
        }
        _ = try (names(), size())
    }

    mutating func run() throws {
        let memory = try size()
        var traces: [Trace] = []
        var complaints: [String] = []
        for file in files {
            let text = String(decoding: try InputFile.bytes(of: file, as: "trace"), as: UTF8.self)
            do throws(Problems) {
                traces.append(try TraceReader.read(text, name: file, memory: memory))
            } catch {
                complaints.append(error.description)
            }
        }
        guard complaints.isEmpty else {
            Terminal.complain(complaints.joined(separator: "\n"))
            throw ExitCode(ExitStatus.usage)
        }
        let comparison = Comparison(traces, try names(), memory: memory)
        Terminal.say(json ? try comparison.json() : comparison.text)
    }

    private func names() throws(ValidationError) -> [PolicyName] {
        var names: [PolicyName] = []
        for text in policies {
            guard let name = PolicyName(text) else {
                throw ValidationError("--policy: '\(text)' is not \(PolicyName.expected)")
            }
            if !names.contains(name) { names.append(name) }
        }
        return names.isEmpty ? PolicyName.usual : names
    }

    private func size() throws(ValidationError) -> ByteSize {
        do throws(ValueError) {
            return try ByteSize(parsing: memory)
        } catch {
            throw ValidationError("--memory: \(error)")
        }
    }
}
