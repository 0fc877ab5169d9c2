import CProbe
import Glibc

/// Does not leave when asked to.
enum Stubborn {
    static let command = Command(
        name: "ignore-term",
        synopsis: "[--hold TIME]",
        summary: """
            Ignore SIGTERM, SIGINT and SIGHUP; say when ready; hold (1m unless said); report each one that arrives.
            """,
        run: run
    )

    private static func run(_ arguments: inout Arguments) throws(Failure) -> Int32 {
        let hold = try arguments.time(option: "--hold") ?? 60_000_000_000
        try arguments.finish()

        var set = Signals.set([SIGTERM, SIGINT, SIGHUP])
        sigprocmask(SIG_BLOCK, &set, nil)
        // If the reader is gone the report fails, but only SIGKILL may end this probe.
        Glibc.signal(SIGPIPE, SIG_IGN)
        let signals = probe_signalfd(&set)
        guard signals >= 0 else { throw .system("signalfd", "for SIGTERM, SIGINT, SIGHUP") }

        let start = Clock.now()
        try? Output.report(.object([("ready", .bool(true)), ("pid", .int(getpid()))]))
        while case let elapsed = Clock.now() - start, elapsed < hold {
            // Rounded up, so that the loop does not spin through the last millisecond.
            let milliseconds = min((hold - elapsed + 999_999) / 1_000_000, UInt64(Int32.max))
            var ready = pollfd(fd: signals, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, Int32(milliseconds)) > 0 else { continue }
            let name = Signals.name(probe_next_signal(signals))
            try? Output.report(.object([("signal", .string(name)), ("seconds", .seconds(Clock.now() - start))]))
        }
        return 0
    }
}
