enum Help {
    static func all(_ commands: [Command]) -> String {
        var text = """
            Usage: cgexec-probe WORKLOAD [ARGUMENTS]

            Workloads that press on one limit each, and report what they saw as JSON, one object a line.

            """
        for command in commands { text += "\n  " + entry(command) }
        text += """

            SIZE: bytes, or with K M G T, KiB MiB GiB TiB (powers of 1024), kB MB GB TB (powers of 1000).
            TIME: with ms, s, m or h.
            Exit status: 0 done; 1 a call failed, or a child did; 2 bad usage.

            """
        return text
    }

    static func one(_ command: Command) -> String { "Usage: cgexec-probe " + entry(command) }

    private static func entry(_ command: Command) -> String {
        let indented = command.summary.split(separator: "\n").map { "      \($0)\n" }.joined()
        let call = command.synopsis.isEmpty ? command.name : "\(command.name) \(command.synopsis)"
        return call + "\n" + indented
    }
}
