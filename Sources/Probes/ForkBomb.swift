import CProbe
import Glibc

/// Forks until the kernel says no.
enum ForkBomb {
    static let command = Command(
        name: "forkbomb",
        synopsis: "[--max N] [--hold TIME] [--leave]",
        summary: """
            Fork until it fails or N children exist (10000 unless said); they sleep; report how many, and the errno; hold;
            then kill them (with --leave they stay, and only somebody else can end them).
            """,
        run: run
    )

    private static func run(_ arguments: inout Arguments) throws(Failure) -> Int32 {
        let limit = try arguments.count(option: "--max", in: 1...4_000_000) ?? 10_000
        let hold = try arguments.time(option: "--hold") ?? 0
        let leave = arguments.flag("--leave")
        try arguments.finish()

        var children: [pid_t] = []
        children.reserveCapacity(limit)
        var error: Int32?
        while children.count < limit && error == nil {
            let pid = probe_fork()
            if pid == 0 { while true { pause() } }
            if pid > 0 { children.append(pid) } else { error = errno }
        }
        try Output.report(.object([("forked", .int(children.count))] + JSON.failure(error)))
        Clock.sleep(for: hold)
        if !leave {
            for pid in children { kill(pid, SIGKILL) }
            for pid in children { while waitpid(pid, nil, 0) < 0 && errno == EINTR {} }
        }
        return 0
    }
}
