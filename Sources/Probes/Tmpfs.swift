import CProbe
import Glibc

/// Fills a tmpfs: memory that stays charged when its writer has gone.
enum Tmpfs {
    static let command = Command(
        name: "tmpfs",
        synopsis: "DIR SIZE [--hold TIME] [--leave]",
        summary: """
            Write a new file of SIZE in DIR, which must be on a tmpfs; report; hold; remove it (not with --leave).
            """,
        run: run
    )

    private static func run(_ arguments: inout Arguments) throws(Failure) -> Int32 {
        let hold = try arguments.time(option: "--hold") ?? 0
        let leave = arguments.flag("--leave")
        let directory = try arguments.operand("DIR")
        let bytes = try arguments.size(operand: "SIZE")
        try arguments.finish()

        switch probe_is_tmpfs(directory) {
        case 1: break
        case 0: throw .refused("\(directory) is not on a tmpfs; `cache` presses on the page cache of a disk")
        default: throw .system("statfs", directory)
        }
        let path = "\(directory)/cgexec-probe.\(getpid())"
        let file = try FileFill.create(path)
        defer { if !leave { unlink(path) } }
        let (written, error) = try FileFill.write(bytes, to: file)
        try Output.report(
            .object([("file", .string(path)), ("writtenBytes", .int(written))] + JSON.failure(error)))
        Clock.sleep(for: hold)
        return error == nil ? 0 : 1
    }
}
