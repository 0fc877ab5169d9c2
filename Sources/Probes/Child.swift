import CProbe
import Glibc

/// A forked child that tells its findings as 64-bit words through a pipe of its own.
struct Child {
    let pid: pid_t
    private let reader: Int32

    /// `body` runs in the child, with the descriptor to report to; what it returns is the exit status.
    static func start(_ body: (Int32) -> Int32) throws(Failure) -> Child {
        var ends: [Int32] = [-1, -1]
        guard probe_pipe(&ends) == 0 else { throw .system("pipe", "for a child's report") }
        let pid = probe_fork()
        guard pid >= 0 else { throw .system("fork", "a child") }
        if pid == 0 {
            close(ends[0])
            _exit(body(ends[1]))
        }
        close(ends[1])
        return Child(pid: pid, reader: ends[0])
    }

    static func send(_ words: [UInt64], to descriptor: Int32) {
        // The reader may be gone; the child's work is done all the same.
        _ = words.withUnsafeBytes { Output.writeAll($0, to: descriptor) }
        close(descriptor)
    }

    /// The child's words; none if it ended without telling.
    func receive() -> [UInt64] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(reader, &buffer, buffer.count)
            if count > 0 {
                bytes += buffer[..<count]
            } else if count == 0 || errno != EINTR {
                break
            }
        }
        close(reader)
        return bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        }
    }

    /// Waits for the end: the exit status, or the signal.
    func wait() -> (status: Int32?, signal: Int32?) {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8 & 0xff, nil) : (nil, signal)
    }
}
