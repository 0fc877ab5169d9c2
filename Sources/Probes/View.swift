import Glibc

/// What a process sees of itself.
enum View {
    static let command = Command(
        name: "view",
        synopsis: "[ANY ARGUMENTS]",
        summary: """
            Report cgroup, CPUs, memory nodes, limits, capabilities, seccomp, ids, cwd, umask, signals, descriptors,
            environment and arguments of this process, as it was started.
            """,
        run: { _ throws(Failure) in
            try Output.report(try describe())
            return 0
        }
    )

    private static func describe() throws(Failure) -> JSON {
        // First of all, before this program opens anything.
        let descriptors = try ProcSelf.descriptors()
        let status = try ProcSelf.status()
        func text(_ key: String) -> JSON? { status[key].map { .string($0) } }
        func number(_ key: String) -> JSON? { status[key].flatMap { Int($0) }.map { .int($0) } }
        func ids(_ key: String) -> JSON? {
            guard let words = status[key]?.split(separator: "\t").compactMap({ Int($0) }), words.count == 4 else {
                return nil
            }
            return .object(zip(["real", "effective", "saved", "fs"], words).map { ($0, .int($1)) })
        }
        return .object([
            ("cgroup", try ProcSelf.cgroup().map { .string($0) }),
            ("cpus", text("Cpus_allowed_list")),
            ("mems", text("Mems_allowed_list")),
            ("limits", .object(try ResourceLimits.all())),
            (
                "capabilities",
                .object([
                    ("effective", text("CapEff")), ("permitted", text("CapPrm")), ("inheritable", text("CapInh")),
                    ("bounding", text("CapBnd")), ("ambient", text("CapAmb")),
                ])
            ),
            ("seccomp", number("Seccomp")),
            ("noNewPrivs", number("NoNewPrivs")),
            ("uid", ids("Uid")), ("gid", ids("Gid")),
            ("groups", groups(status["Groups"])),
            ("pid", .int(getpid())), ("ppid", .int(getppid())), ("pgid", .int(getpgrp())), ("sid", .int(getsid(0))),
            ("cwd", ProcSelf.link("/proc/self/cwd").map { .string($0) }),
            ("umask", text("Umask")),
            (
                "signals",
                .object([
                    ("blocked", text("SigBlk")), ("ignored", text("SigIgn")), ("caught", text("SigCgt")),
                    ("pending", text("SigPnd")), ("processPending", text("ShdPnd")),
                ])
            ),
            ("descriptors", .object(descriptors.map { (String($0), .string($1)) })),
            ("terminal", .object([("stdin", isTerminal(0)), ("stdout", isTerminal(1)), ("stderr", isTerminal(2))])),
            ("environment", .object(environment())),
            ("argv", .array(CommandLine.arguments.map { .string($0) })),
            ("nice", .int(getpriority(0, 0))),
            ("oomScoreAdj", Int(try ProcSelf.read("oom_score_adj").trimmed).map { .int($0) }),
        ])
    }

    private static func groups(_ list: String?) -> JSON? {
        guard let list else { return nil }
        return .array(list.split(separator: " ").compactMap { Int($0) }.map { .int($0) })
    }

    private static func isTerminal(_ descriptor: Int32) -> JSON { .bool(isatty(descriptor) == 1) }

    private static func environment() -> [(String, JSON?)] {
        var entries: [(String, JSON?)] = []
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            entries.append((String(parts[0]), .string(parts.count == 2 ? String(parts[1]) : "")))
            next += 1
        }
        return entries
    }
}
