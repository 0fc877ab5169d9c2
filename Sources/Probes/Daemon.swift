import CProbe
import Glibc

/// Slips out of process group, session and parent, as a daemon does.
enum Daemon {
    static let command = Command(
        name: "daemon",
        synopsis: "[--hold TIME] [--pidfile FILE] [--ready FILE]",
        summary: """
            Double fork and setsid; the daemon holds (1m unless said) with /dev/null for stdin, stdout and stderr. The parent
            reports and leaves as soon as the daemon exists and has written its pid to the pidfile and then
            its report to the ready file (which may be a FIFO).
            """,
        run: run
    )

    private static func run(_ arguments: inout Arguments) throws(Failure) -> Int32 {
        let hold = try arguments.time(option: "--hold") ?? 60_000_000_000
        let pidfile = try arguments.option("--pidfile")
        let ready = try arguments.option("--ready")
        try arguments.finish()

        let middle = try Child.start { report in
            guard setsid() >= 0 else { return 1 }
            let pid = probe_fork()
            guard pid == 0 else { return pid > 0 ? 0 : 1 }
            do throws(Failure) {
                try become(report, pidfile, ready)
            } catch {
                Output.complain(error)
                return 1
            }
            Clock.sleep(for: hold)
            return 0
        }
        let words = middle.receive()
        _ = middle.wait()
        guard words.count == 2 else { throw .refused("the daemon could not start") }
        try Output.report(.object([("pid", .int(words[0])), ("sid", .int(words[1]))]))
        return 0
    }

    private static func become(_ report: Int32, _ pidfile: String?, _ ready: String?) throws(Failure) {
        if let pidfile { try write("\(getpid())\n", pidfile) }
        let json = JSON.object([("pid", .int(getpid())), ("sid", .int(getsid(0)))])
        if let ready { try write(json.text + "\n", ready) }
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { throw .system("open", "/dev/null") }
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] { dup2(null, descriptor) }
        if null > STDERR_FILENO { close(null) }
        Child.send([UInt64(getpid()), UInt64(getsid(0))], to: report)
    }

    private static func write(_ text: String, _ path: String) throws(Failure) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw .system("open", path) }
        defer { close(file) }
        try Output.write(text, to: file)
    }
}
