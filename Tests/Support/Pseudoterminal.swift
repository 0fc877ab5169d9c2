import Glibc

/// A terminal with a test in front of it.
package final class Pseudoterminal {
    /// The other side's path.
    package let path: String
    /// Everything that was shown so far.
    package var transcript: String { String(decoding: shown, as: UTF8.self) }

    private let keyboard: Int32
    private var shown: [UInt8] = []
    private var seen = 0

    package init(rows: Int = 24, columns: Int = 80) throws {
        // By hand, since posix_openpt(3) and what goes with it are hidden from Swift.
        keyboard = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var number: UInt32 = 0
        var locked: Int32 = 0
        guard keyboard >= 0, ioctl(keyboard, Self.getNumber, &number) == 0, ioctl(keyboard, Self.setLock, &locked) == 0
        else { throw Trouble.system("open /dev/ptmx") }
        path = "/dev/pts/\(number)"
        resize(rows: rows, columns: columns)
    }

    deinit { close(keyboard) }

    private static let getNumber: UInt = 0x8004_5430  // TIOCGPTN
    private static let setLock: UInt = 0x4004_5431  // TIOCSPTLCK

    /// Starts a command of which this is the controlling terminal.
    package func start(_ command: [String], environment: [String: String] = [:]) throws -> Child {
        try Child(command, standard: .terminal(path), environment: environment)
    }

    /// Types a text; `\u{3}` is Ctrl-C, `\u{1a}` Ctrl-Z, `\u{4}` Ctrl-D, `\r` the return key.
    package func type(_ text: String) throws {
        guard write(keyboard, text, text.utf8.count) == text.utf8.count else {
            throw Trouble.system("write to the terminal")
        }
    }

    /// Reads on until `text` is shown; gives what was shown from the last such point to the end of it.
    @discardableResult
    package func expect(_ text: String) throws -> String {
        let wanted = Array(text.utf8)
        let deadline = Patience.Deadline()
        while true {
            if let end = find(wanted) {
                defer { seen = end }
                return String(decoding: shown[seen..<end], as: UTF8.self)
            }
            guard try fill(deadline) else {
                throw Trouble("waited in vain for '\(text)' on the terminal, which showed: \(transcript)")
            }
        }
    }

    /// Reads everything that is still shown, until no process has the terminal.
    package func expectEnd() throws {
        let deadline = Patience.Deadline()
        while try fill(deadline) {}
        guard deadline.milliseconds > 0 else { throw Trouble("the terminal is still in use; it showed: \(transcript)") }
    }

    package func resize(rows: Int, columns: Int) {
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(keyboard, UInt(TIOCSWINSZ), &size)
    }

    /// Whether the terminal shows what is typed.
    package var echoes: Bool {
        var settings = termios()
        return tcgetattr(keyboard, &settings) == 0 && settings.c_lflag & tcflag_t(ECHO) != 0
    }

    private func find(_ wanted: [UInt8]) -> Int? {
        guard shown.count - seen >= wanted.count else { return nil }
        for start in seen...(shown.count - wanted.count) where shown[start..<start + wanted.count].elementsEqual(wanted)
        {
            return start + wanted.count
        }
        return nil
    }

    /// False at the deadline, and when no process has the terminal any more (EIO).
    private func fill(_ deadline: Patience.Deadline) throws -> Bool {
        var ready = pollfd(fd: keyboard, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, deadline.milliseconds) != 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(keyboard, &buffer, buffer.count)
        if count > 0 { shown += buffer[..<count] }
        return count > 0 || (count < 0 && errno == EINTR)
    }
}
