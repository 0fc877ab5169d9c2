import Glibc

/// Ends in a given way: a status, a signal, a time.
enum Ending {
    static let exit = Command(
        name: "exit",
        synopsis: "CODE",
        summary: "Exit with CODE, 0 to 255."
    ) { arguments throws(Failure) in
        let code = try arguments.count(operand: "CODE", in: 0...255)
        try arguments.finish()
        return Int32(code)
    }

    static let signal = Command(
        name: "signal",
        synopsis: "SIG [--core]",
        summary: """
            Die of SIG (TERM, SIGTERM or 15), with the default disposition and nothing blocked. Without --core the soft core
            limit is 0 first; with it, the hard one. One that does not end a process is reported, exit 1.
            """,
        run: raise
    )

    static let sleep = Command(
        name: "sleep",
        synopsis: "TIME",
        summary: "Sleep for TIME."
    ) { arguments throws(Failure) in
        let time = try arguments.time(operand: "TIME")
        try arguments.finish()
        Clock.sleep(for: time)
        return 0
    }

    private static func raise(_ arguments: inout Arguments) throws(Failure) -> Int32 {
        let core = arguments.flag("--core")
        let text = try arguments.operand("SIG")
        try arguments.finish()
        guard let number = Signals.number(text) else { throw arguments.usage("'\(text)' is not a signal") }

        var limit = rlimit()
        guard getrlimit(coreLimit, &limit) == 0 else { throw .system("getrlimit", "core") }
        limit.rlim_cur = core ? limit.rlim_max : 0
        guard setrlimit(coreLimit, &limit) == 0 else { throw .system("setrlimit", "core") }
        // KILL and STOP refuse a disposition, and need none.
        Glibc.signal(number, SIG_DFL)
        var set = Signals.set([number])
        sigprocmask(SIG_UNBLOCK, &set, nil)
        kill(getpid(), number)
        try Output.report(.object([("survived", .string(Signals.name(number)))]))
        return 1
    }

    private static let coreLimit: __rlimit_resource_t = 4
}
