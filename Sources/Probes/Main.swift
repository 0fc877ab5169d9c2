import Glibc

@main
struct Main {
    static let commands: [Command] = [
        Memory.command, PageCache.command, Reread.command, Tmpfs.command, Spin.command, ForkBomb.command,
        Daemon.command,
        Stubborn.command, Write.command, Descriptors.command, Ending.exit, Ending.signal, Ending.sleep,
        View.command, Terminal.command,
    ]

    static func main() {
        let words = CommandLine.arguments.dropFirst()
        do throws(Failure) {
            exit(try run(Array(words)))
        } catch {
            Output.complain(error)
            exit(error.status)
        }
    }

    private static func run(_ words: [String]) throws(Failure) -> Int32 {
        guard let name = words.first else { throw .usage("which workload? `cgexec-probe --help` lists them") }
        if name == "--help" || name == "-h" {
            try Output.write(Help.all(commands))
            return 0
        }
        guard let command = commands.first(where: { $0.name == name }) else {
            throw .usage("there is no workload '\(name)'; `cgexec-probe --help` lists them")
        }
        if words.dropFirst().contains(where: { $0 == "--help" || $0 == "-h" }) {
            try Output.write(Help.one(command))
            return 0
        }
        var arguments = Arguments(command: name, words: Array(words.dropFirst()))
        return try command.run(&arguments)
    }
}
