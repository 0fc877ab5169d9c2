import CProbe
import Glibc

/// A program of the terminal: for job control as a shell does it.
enum Terminal {
    static let command = Command(
        name: "tty",
        synopsis: "[--catch SIG,SIG…]",
        summary: """
            Say whether stdin is a terminal and this its foreground group; then one line for each line read and each SIGINT,
            SIGTSTP, SIGCONT and SIGWINCH that arrives, and those named, until end of file. SIGTSTP stops it, after the
            report.
            """,
        run: run
    )

    private static func run(_ arguments: inout Arguments) throws(Failure) -> Int32 {
        let others = try arguments.option("--catch")?.split(separator: ",").map(String.init) ?? []
        try arguments.finish()
        var caught = [SIGINT, SIGTSTP, SIGCONT, SIGWINCH]
        for name in others {
            guard let number = Signals.number(name) else { throw arguments.usage("'\(name)' is not a signal") }
            caught.append(number)
        }
        var set = Signals.set(caught)
        sigprocmask(SIG_BLOCK, &set, nil)
        let signals = probe_signalfd(&set)
        guard signals >= 0 else { throw .system("signalfd", "for the terminal's signals") }
        try Output.report(.object([("terminal", .bool(isatty(STDIN_FILENO) == 1)), ("pid", .int(getpid()))] + state()))

        var pending: [UInt8] = []
        while true {
            var ready = [
                pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
                pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&ready, 2, -1) > 0 else { continue }
            if ready[0].revents != 0 {
                try receive(probe_next_signal(signals))
            } else if try !echo(&pending) {
                try Output.report(.object([("eof", .bool(true))]))
                return 0
            }
        }
    }

    private static func receive(_ number: Int32) throws(Failure) {
        try Output.report(.object([("signal", .string(Signals.name(number)))] + state()))
        guard number == SIGTSTP else { return }
        // The default disposition stops the process here; it goes on when SIGCONT comes.
        var stop = Signals.set([SIGTSTP])
        kill(getpid(), SIGTSTP)
        sigprocmask(SIG_UNBLOCK, &stop, nil)
        sigprocmask(SIG_BLOCK, &stop, nil)
    }

    /// Reports whole lines; false at end of file.
    private static func echo(_ pending: inout [UInt8]) throws(Failure) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(STDIN_FILENO, &buffer, buffer.count)
        if count < 0 {
            if errno == EINTR || errno == EAGAIN { return true }
            throw .system("read", "stdin")
        }
        pending += buffer[..<count]
        while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
            try line(pending[..<end])
            pending.removeSubrange(...end)
        }
        if count == 0 && !pending.isEmpty { try line(pending[...]) }
        return count > 0
    }

    private static func line(_ bytes: ArraySlice<UInt8>) throws(Failure) {
        try Output.report(.object([("line", .string(String(decoding: bytes, as: UTF8.self)))]))
    }

    /// Foreground and size; left out where stdin is no terminal of ours.
    private static func state() -> [(String, JSON?)] {
        let foreground = tcgetpgrp(STDIN_FILENO)
        var size = winsize()
        let hasSize = ioctl(STDIN_FILENO, UInt(TIOCGWINSZ), &size) == 0
        return [
            ("foreground", foreground < 0 ? nil : .bool(foreground == getpgrp())),
            ("pgid", .int(getpgrp())), ("sid", .int(getsid(0))),
            ("foregroundPgid", foreground < 0 ? nil : .int(foreground)),
            ("rows", hasSize ? .int(size.ws_row) : nil), ("columns", hasSize ? .int(size.ws_col) : nil),
        ]
    }
}
