import Glibc

/// A FIFO that a program under test writes lines to: what it says is the event that a test waits for.
package final class Mailbox: Sendable {
    /// The path to write to.
    package let path: String
    private let folder: String
    private let reader: Int32

    package init() throws {
        var template = Array("/tmp/cgexec-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Silence(description: "cannot make a folder: errno \(errno)") }
        folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        path = folder + "/mailbox"
        guard mkfifo(path, 0o600) == 0 else { throw Silence(description: "cannot make a FIFO: errno \(errno)") }
        reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard reader >= 0 else { throw Silence(description: "cannot open \(path): errno \(errno)") }
    }

    deinit {
        close(reader)
        unlink(path)
        rmdir(folder)
    }

    /// The next line; an error when none comes in time. Waits on a thread of its own.
    package func line(seconds: Int32 = 60) async throws -> String {
        try await onOwnThread { try self.nextLine(seconds: seconds) }
    }

    /// The same on the calling thread.
    package func nextLine(seconds: Int32 = 60) throws -> String {
        var bytes: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            let count = read(reader, &byte, 1)
            if count == 1 {
                if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
                bytes.append(byte)
                continue
            }
            var ready = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
            let events = poll(&ready, 1, seconds * 1000)
            let hasEnded = ready.revents & Int16(POLLIN) == 0
            if events == 0 || hasEnded {
                throw Silence(description: "no line came, only '\(String(decoding: bytes, as: UTF8.self))'")
            }
        }
    }

    private struct Silence: Error, CustomStringConvertible {
        let description: String
    }
}
