import CProbe
import Glibc

/// Writes as fast as the other side takes it.
enum Write {
    static let command = Command(
        name: "write",
        synopsis: "SIZE [--to stdout|stderr|FILE] [--line] [--sync]",
        summary: """
            Write SIZE of always the same bytes (--line: numbered lines of 64 bytes); report bytes and seconds to stderr
            (with --to stderr: to stdout). --sync, for a FILE and whole 4 KiB blocks: O_DIRECT, or fsync after each
            256 KiB where the file system has no O_DIRECT.
            """,
        run: run
    )

    private static func run(_ arguments: inout Arguments) throws(Failure) -> Int32 {
        let target = try arguments.option("--to") ?? "stdout"
        let lines = arguments.flag("--line")
        let sync = arguments.flag("--sync")
        let bytes = try arguments.size(operand: "SIZE")
        try arguments.finish()
        let isFile = target != "stdout" && target != "stderr"
        if sync && !isFile { throw arguments.usage("--sync needs --to FILE") }
        if sync && bytes % 4096 != 0 { throw arguments.usage("--sync needs a SIZE in whole blocks of 4096") }

        let (file, isDirect) = try open(target, sync)
        let buffer = try Mapping.make(bytes: 256 << 10)
        var content = lines ? Content.lines(0) : .noise(Noise(seed: 1))
        let start = Clock.now()
        var written = 0
        var failure: Int32?
        while written < bytes && failure == nil {
            content.fill(buffer)
            let piece = UnsafeRawBufferPointer(rebasing: buffer[..<min(buffer.count, bytes - written)])
            let (count, error) = Output.writeAll(piece, to: file)
            written += count
            failure = error
            if failure == nil && sync && !isDirect && fdatasync(file) != 0 { failure = errno }
        }
        let seconds = JSON.seconds(Clock.now() - start)
        try Output.report(
            .object(
                [
                    ("bytes", .int(written)), ("seconds", seconds), ("to", .string(target)),
                    ("sync", sync ? .string(isDirect ? "direct" : "fsync") : nil),
                ] + JSON.failure(failure)),
            to: target == "stderr" ? STDOUT_FILENO : STDERR_FILENO)
        return failure == nil ? 0 : 1
    }

    private static func open(_ target: String, _ sync: Bool) throws(Failure) -> (file: Int32, isDirect: Bool) {
        if target == "stdout" { return (STDOUT_FILENO, false) }
        if target == "stderr" { return (STDERR_FILENO, false) }
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC
        if sync {
            let file = Glibc.open(target, flags | probe_o_direct, 0o644)
            if file >= 0 { return (file, true) }
            // EINVAL: this file system has no O_DIRECT (open(2)).
            guard errno == EINVAL else { throw .system("open", target) }
        }
        let file = Glibc.open(target, flags, 0o644)
        guard file >= 0 else { throw .system("open", target) }
        return (file, false)
    }

    private enum Content {
        case noise(Noise)
        case lines(Int)

        /// The next bytes; the buffer is a whole number of lines.
        mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) {
            switch self {
            case .noise(var noise):
                noise.fill(buffer)
                self = .noise(noise)
            case .lines(var number):
                for start in stride(from: 0, to: buffer.count, by: 64) {
                    number += 1
                    Content.line(number, UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + 64]))
                }
                self = .lines(number)
            }
        }

        private static func line(_ number: Int, _ line: UnsafeMutableRawBufferPointer) {
            var rest = number
            for digit in (0..<16).reversed() {
                line[digit] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            for column in 16..<63 { line[column] = UInt8(ascii: ".") }
            line[16] = UInt8(ascii: " ")
            line[63] = UInt8(ascii: "\n")
        }
    }
}
