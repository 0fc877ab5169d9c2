import Glibc

/// A program that a test runs beside the code under test, started by the C library.
package struct Command {
    let words: [String]
    private let state = StateFolder()

    package init(_ words: [String]) { self.words = words }

    /// What came of it.
    package struct Result: Sendable {
        /// The exit status, or 128 and the signal.
        package var status: Int32
        /// Standard output and standard error, in the order they were written.
        package var output: String
    }

    /// Runs it to its end; standard input is empty.
    package func run() -> Result {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return Result(status: 125, output: "pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let started = start(output: ends[1])
        close(ends[1])
        defer { close(ends[0]) }
        guard let pid = started else { return Result(status: 127, output: "cannot start \(words[0])") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(ends[0], &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return Result(status: Self.wait(for: pid), output: String(decoding: bytes, as: UTF8.self))
    }

    /// Starts it with standard output and error on `output`; nil when that fails.
    package func start(output: Int32? = nil) -> Int32? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output, 1)
            posix_spawn_file_actions_adddup2(&actions, output, 2)
        }
        var arguments = words.map { strdup($0) } + [nil]
        var variables = state.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid: pid_t = 0
        return posix_spawnp(&pid, words[0], &actions, nil, &arguments, &variables) == 0 ? pid : nil
    }

    /// Waits for a child of ours: its exit status, or 128 and the signal.
    package static func wait(for pid: Int32) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? status >> 8 & 0xff : 128 + signal
    }
}
