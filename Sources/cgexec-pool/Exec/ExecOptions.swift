import CGExec

/// The command line of `exec`, read by hand: the limits' table is the same as everywhere.
struct ExecOptions {
    var command: [String] = []
    var limits = Limits()
    var configuration = PoolConfiguration(jobs: .count(1))
    var jsonFile: String?
    var runexecFile: String?
    var name: String?
    var category: String?
    var size = 0.0
    var wantsHelp = false
    var wantsVersion = false

    /// Everything that is wrong with a command line.
    struct Misuse: Error {
        var problems: [String]
    }

    /// Options that are no limits: word, placeholder, help.
    private static let others: [(name: String, placeholder: String?, help: String)] = [
        ("json", "FILE", "write the record as one line of JSON, in place of what was there; '-' is standard error"),
        ("runexec-output", "FILE", "write what BenchExec's runexec would print: key=value, a line each"),
        ("name", "NAME", "the job's name in the record"),
        ("category", "NAME", "the job's category in the record"),
        ("size", "N", "how heavy the job is among those of its category"),
        ("cgroup", "PATH", "the cgroup to work in; found when not given"),
        ("affinity", "PIECE", "what it owns: core, l3, numa, or others and more after commas, see docs/topology.md"),
        ("partition", "KIND", "take these CPUs from everybody else: root or isolated; only root can"),
        ("best-effort", nil, "run even where a limit cannot be enforced; the record says what was"),
        ("no-wait", nil, "where other pools hold the CPUs that are needed, fail instead of waiting for them"),
        ("version", nil, "show the version"),
        ("help", nil, "show this help"),
    ]

    /// Reads the arguments after `exec`. Options end at the first word that is none, or at `--`.
    init(_ arguments: [String]) throws(Misuse) {
        var problems: [String] = []
        var rest = arguments[...]
        while let argument = rest.first {
            rest.removeFirst()
            if argument == "--" { break }
            if argument == "-h" {
                wantsHelp = true
                continue
            }
            guard argument.hasPrefix("--") else {
                if argument.hasPrefix("-") && argument != "-" {
                    problems.append(Self.unknown(argument))
                    continue
                }
                rest = [argument] + rest
                break
            }
            let word = argument.dropFirst(2)
            let separator = word.firstIndex(of: "=")
            let name = String(word[..<(separator ?? word.endIndex)])
            guard let option = Self.option(name) else {
                problems.append(Self.unknown("--" + name))
                continue
            }
            var value = separator.map { String(word[word.index(after: $0)...]) }
            if option.takesValue && value == nil { value = rest.popFirst() }
            if option.takesValue && value == nil {
                problems.append("option '--\(name)' needs a value")
            } else if !option.takesValue && value != nil {
                problems.append("option '--\(name)' takes no value")
            } else {
                do throws(ValueError) {
                    try set(name, value ?? "true")
                } catch {
                    problems.append("--\(name): \(error)")
                }
            }
        }
        command = Array(rest)
        if let jsonFile, let runexecFile, jsonFile != "-",
            FileIdentity(jsonFile, stream: 2).isSame(as: FileIdentity(runexecFile, stream: 2))
        {
            problems.append("--runexec-output: \(runexecFile) is where --json writes as well; name another file")
        }
        if command.isEmpty { problems.append("no command given: cgexec-pool exec [LIMITS] -- CMD [ARG]…") }
        for problem in job.problems(cpus: Host.allowedCPUs(), budget: nil) {
            switch problem.key {
            case "command": problems.append("the command: \(problem.message)")
            case "memory" where limits.memory?.isFraction ?? false, "need" where limits.need?.isFraction ?? false:
                problems.append(
                    "--\(problem.key): a percentage is of a pool's budget, and a single command has none: give a size, such as 512MiB"
                )
            default: problems.append("--\(problem)")
            }
        }
        if !problems.isEmpty && !wantsHelp && !wantsVersion { throw Misuse(problems: problems) }
    }

    /// The job that the options describe.
    var job: Job {
        Job(
            name ?? String(command.first?.split(separator: "/").last ?? ""), command, limits: limits,
            category: category,
            size: size, stdin: .inherit, stdout: .inherit, stderr: .inherit)
    }

    private static func option(_ name: String) -> (name: String, takesValue: Bool)? {
        if let limit = LimitOption.named(name) { return (name, limit.placeholder != nil) }
        return others.first { $0.name == name }.map { ($0.name, $0.placeholder != nil) }
    }

    private static func unknown(_ option: String) -> String {
        let known = LimitOption.all.map(\.name) + others.map(\.name)
        guard let meant = closest(to: String(option.drop { $0 == "-" }), among: known) else {
            return "unknown option '\(option)': see 'cgexec-pool exec --help'"
        }
        return "unknown option '\(option)'; did you mean '--\(meant)'?"
    }

    private mutating func set(_ name: String, _ value: String) throws(ValueError) {
        if let limit = LimitOption.named(name) { return try limit.apply(value, to: &limits) }
        switch name {
        case "json": jsonFile = value
        case "runexec-output": runexecFile = value
        case "name": self.name = value
        case "category": category = value
        case "size":
            guard let number = Double(value), number >= 0, number.isFinite else {
                throw ValueError(value, expected: "a number from 0 on")
            }
            size = number
        case "cgroup":
            guard value.hasPrefix("/") else { throw ValueError(value, expected: "an absolute path") }
            configuration.cgroup = value
        case "affinity": configuration.affinity = try AffinityMask(parsing: value)
        case "partition": configuration.partition = try CPUPartition(parsing: value)
        case "best-effort": configuration.bestEffort = true
        case "no-wait": configuration.waitsForCPUs = false
        case "version": wantsVersion = true
        default: wantsHelp = true
        }
    }

    /// The help text.
    static var help: String {
        func line(_ name: String, _ placeholder: String?, _ help: String) -> String {
            let option = "  --\(name)" + (placeholder.map { " \($0)" } ?? "")
            return option + String(repeating: " ", count: max(2, 28 - option.count)) + help
        }
        return """
            Run one command under limits, as if we were not there.

            Usage: cgexec-pool exec [OPTION]… [--] CMD [ARG]…

            The command keeps standard input, output, error and terminal. Its exit status is ours; 128+N for signal N,
            124 for a timeout, 137 for its memory limit, 126 or 127 if it cannot be executed or found, 125 if we fail or
            end it otherwise, 69 if this host cannot enforce what was asked.

            Limits
            \(LimitOption.all.map { line($0.name, $0.placeholder, $0.help) }.joined(separator: "\n"))

            Others
            \(others.map { line($0.name, $0.placeholder, $0.help) }.joined(separator: "\n"))

            Sizes: K M G T and KiB MiB … are powers of 1024, kB MB … of 1000. Times: 500ms, 90s, 5m, 2h.
            """
    }
}

extension MemoryAmount {
    fileprivate var isFraction: Bool { if case .fraction = self { true } else { false } }
}
