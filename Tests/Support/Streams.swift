import CLinux
import Glibc

/// A close-on-exec pipe; who makes it closes both ends.
package struct Pipe: Sendable {
    package let read: Int32
    package let write: Int32

    package init() throws {
        var ends: [Int32] = [-1, -1]
        guard cgx_pipe(&ends) == 0 else { throw Trouble("pipe: no descriptor left") }
        (read, write) = (ends[0], ends[1])
    }
}

/// The end of a pipe that is read, with everything that came and what was not yet taken of it.
final class Reader {
    let descriptor: Int32
    private(set) var isOpen = true
    private var bytes: [UInt8] = []
    private var taken = 0

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// All that came.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Takes what is there.
    func fill() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 { bytes += buffer[..<count] } else if count == 0 || errno != EINTR { isOpen = false }
    }

    /// The next whole line, without its end.
    func takeLine() -> String? {
        guard let end = bytes[taken...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { taken = end + 1 }
        return String(decoding: bytes[taken..<end], as: UTF8.self)
    }
}

/// What happens to descriptors between fork and exec.
final class FileActions {
    let pointer = UnsafeMutablePointer<posix_spawn_file_actions_t>.allocate(capacity: 1)

    init() throws {
        guard posix_spawn_file_actions_init(pointer) == 0 else {
            throw Trouble("posix_spawn_file_actions_init: no memory")
        }
    }

    deinit {
        posix_spawn_file_actions_destroy(pointer)
        pointer.deallocate()
    }

    func open(_ path: String, as target: Int32, _ flags: Int32) {
        posix_spawn_file_actions_addopen(pointer, target, path, flags, 0)
    }

    func duplicate(_ source: Int32, as target: Int32) {
        posix_spawn_file_actions_adddup2(pointer, source, target)
    }
}

/// The read end of a pipe of which others hold the write end: it ends when the last of them does.
package final class Lifeline {
    private let pipe: Pipe

    package init() throws { pipe = try Pipe() }

    deinit { close(pipe.read) }

    /// The end to hand to a child, once.
    package func handOver(_ start: (Int32) throws -> Child) throws -> Child {
        defer { close(pipe.write) }
        return try start(pipe.write)
    }

    /// Waits until no process holds it any more.
    package func waitUntilFree() throws {
        var ready = pollfd(fd: pipe.read, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, Patience.Deadline().milliseconds) == 1 else {
            throw Trouble("a process that was given a lifeline still runs")
        }
    }
}
