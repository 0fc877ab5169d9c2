import ArgumentParser
import Glibc

/// `exec` must cost little, so it is parsed by hand and started before anything else is set up; the other commands go
/// through the argument parser. Main is synchronous: the reactor runs on the main thread and owns the signals.
@main
enum Main {
    static func main() {
        Terminal.occupyClosedStreams()
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "exec" {
            Glibc.exit(ExecCommand.main(Array(arguments.dropFirst())))
        }
        if arguments == ["help", "exec"] { Glibc.exit(ExecCommand.main(["--help"])) }
        if let word = arguments.first, !word.hasPrefix("-"), !CGExecPool.names.contains(word) {
            Terminal.complain(CGExecPool.unknown(word))
            Glibc.exit(ExitStatus.usage)
        }
        do {
            var command = try CGExecPool.parseAsRoot(arguments)
            try command.run()
        } catch {
            guard CGExecPool.exitCode(for: error) == .validationFailure else { CGExecPool.exit(withError: error) }
            Terminal.complain(CGExecPool.fullMessage(for: error))
            if arguments.first == "run", let hint = Run.hint(for: arguments) { Terminal.complain(hint) }
            Glibc.exit(ExitStatus.usage)
        }
    }
}

/// The commands.
struct CGExecPool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cgexec-pool",
        abstract: "Run heavy programs under hard limits, each in its own cgroup v2 leaf.",
        discussion: """
            Examples:
              cgexec-pool exec --memory 2GiB --timeout 10m -- make test
              cgexec-pool run jobs.yaml --json records.jsonl

            'cgexec-pool doctor' tells whether this host can enforce limits, and what to do where it cannot.
            """,
        version: version,
        subcommands: [
            ExecHelp.self, Run.self, Report.self, Learned.self, Simulate.self, TopologyCommand.self, Doctor.self,
        ])

    static let version = "0.1.0"

    static var names: [String] { configuration.subcommands.map { $0._commandName } + ["help"] }

    /// What is said of a first word that is no command.
    static func unknown(_ word: String) -> String {
        let guess =
            closest(to: word, among: names).map { "; did you mean '\($0)'?" } ?? ": "
            + "'cgexec-pool exec -- CMD' runs one command, 'cgexec-pool run FILE' the jobs of a file"
        return "cgexec-pool: there is no command '\(excerpt(word))'\(guess)"
    }
}

/// Stands for `exec` in the list of commands.
struct ExecHelp: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Run one command under limits, as if we were not there.")

    mutating func run() { Glibc.exit(ExecCommand.main(["--help"])) }
}
