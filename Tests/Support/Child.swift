import CLinux
import Dispatch
import Glibc

/// A process that a test started: in a session of its own, with default signals, an empty signal mask, and only the
/// descriptors that it was given. Ended, with what is left of its session's first group, when it goes out of scope.
package final class Child {
    package let pid: Int32

    private let pidfd: Int32
    private var status: Status?
    private var streams: [Stream: Reader] = [:]
    private var inputEnd: Int32 = -1
    private let state = StateFolder()

    package enum Stream: Hashable, Sendable {
        case stdout, stderr
    }

    package enum Status: Hashable, Sendable {
        case exited(Int32)
        case signaled(Int32)
    }

    /// How it ended and what it wrote.
    package struct Finish: Sendable {
        package let status: Status
        package let stdout: String
        package let stderr: String
    }

    /// What the three standard descriptors are.
    package enum Standard: Sendable {
        /// `/dev/null`, and two pipes that are read.
        case pipes
        /// Three pipes.
        case input
        /// A terminal, which becomes the controlling one.
        case terminal(String)
    }

    /// Starts `command`, searched in `PATH`, with `environment` added to ours, and with copies of our `descriptors`
    /// under the numbers that are the keys.
    package init(
        _ command: [String], standard: Standard = .pipes, environment: [String: String] = [:],
        descriptors: [Int32: Int32] = [:]
    ) throws {
        let actions = try FileActions()
        var ours: [Int32] = []
        defer { for descriptor in ours { close(descriptor) } }
        switch standard {
        case .terminal(let path):
            actions.open(path, as: 0, O_RDWR)
            actions.duplicate(0, as: 1)
            actions.duplicate(0, as: 2)
        case .pipes, .input:
            actions.open("/dev/null", as: 0, O_RDONLY)
            if case .input = standard {
                let pipe = try Pipe()
                ours.append(pipe.read)
                inputEnd = pipe.write
                actions.duplicate(pipe.read, as: 0)
            }
            for (stream, target) in [(Stream.stdout, Int32(1)), (.stderr, 2)] {
                let pipe = try Pipe()
                ours.append(pipe.write)
                streams[stream] = Reader(pipe.read)
                actions.duplicate(pipe.write, as: target)
            }
        }
        for (target, source) in descriptors { actions.duplicate(source, as: target) }
        pid = try Self.spawn(command, actions, state.environment.merging(environment) { _, asked in asked })
        pidfd = cgx_pidfd_open(pid)
        guard pidfd >= 0 else { throw Trouble("pidfd_open: errno \(-pidfd)") }
    }

    deinit {
        if status == nil {
            kill(-pid, SIGKILL)
            kill(pid, SIGKILL)
            var ignored: Int32 = 0
            while waitpid(pid, &ignored, 0) < 0 && errno == EINTR {}
        }
        if inputEnd >= 0 { close(inputEnd) }
        if pidfd >= 0 { close(pidfd) }
    }

    // MARK: While it runs

    package func signal(_ number: Int32) { kill(pid, number) }

    /// Writes to its standard input.
    package func write(_ text: String) throws {
        guard Glibc.write(inputEnd, text, text.utf8.count) == text.utf8.count else { throw Trouble.system("write") }
    }

    package func closeInput() {
        close(inputEnd)
        inputEnd = -1
    }

    /// The next line, without its end.
    package func line(_ stream: Stream = .stdout) throws -> String {
        let deadline = Patience.Deadline()
        while true {
            if let line = streams[stream]?.takeLine() { return line }
            guard streams[stream]?.isOpen == true else { throw Trouble("\(stream) ended. \(transcript())") }
            try pump(until: deadline, waitingFor: "a line on \(stream)")
        }
    }

    /// Waits until it is stopped.
    package func waitForStop() throws {
        // No descriptor tells of a stop. Should it never come, the child is ended, and with it this waiting.
        let watchdog = DispatchWorkItem { [pid] in kill(pid, SIGKILL) }
        let patience = DispatchTimeInterval.milliseconds(Int(Patience.Deadline().milliseconds))
        DispatchQueue.global().asyncAfter(deadline: .now() + patience, execute: watchdog)
        defer { watchdog.cancel() }
        var info = siginfo_t()
        guard waitid(P_PID, id_t(pid), &info, WSTOPPED | WEXITED | WNOWAIT) == 0 else { throw Trouble.system("waitid") }
        guard info.si_code == CLD_STOPPED else { throw Trouble("it did not stop. \(transcript())") }
        waitid(P_PID, id_t(pid), &info, WSTOPPED)
    }

    /// Waits for its end, and for that of its output.
    @discardableResult
    package func wait() throws -> Finish {
        let deadline = Patience.Deadline()
        while status == nil || streams.values.contains(where: \.isOpen) {
            try pump(until: deadline, waitingFor: "its end")
        }
        return finish()
    }

    /// Waits for its end only: its output may be held open by others.
    package func waitForExit() throws -> Finish {
        let deadline = Patience.Deadline()
        while status == nil { try pump(until: deadline, waitingFor: "its end") }
        return finish()
    }

    private func finish() -> Finish {
        Finish(
            status: status ?? .exited(-1), stdout: streams[.stdout]?.text ?? "", stderr: streams[.stderr]?.text ?? "")
    }

    private func pump(until deadline: Patience.Deadline, waitingFor what: String) throws {
        let open = streams.values.filter(\.isOpen)
        var ready = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        if status == nil { ready.append(pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)) }
        let count = poll(&ready, nfds_t(ready.count), deadline.milliseconds)
        guard count != 0 else { throw Trouble("waited in vain for \(what). \(transcript())") }
        for (reader, entry) in zip(open, ready) where entry.revents != 0 { reader.fill() }
        if status == nil, ready.last?.revents != 0 { reap() }
    }

    private func reap() {
        var raw: Int32 = 0
        guard waitpid(pid, &raw, WNOHANG) == pid else { return }
        status = raw & 0x7f == 0 ? .exited(raw >> 8 & 0xff) : .signaled(raw & 0x7f)
    }

    private func transcript() -> String {
        "stdout: \(streams[.stdout]?.text.suffix(2000) ?? "") stderr: \(streams[.stderr]?.text.suffix(2000) ?? "")"
    }

    // MARK: Starting

    private static func spawn(_ command: [String], _ actions: FileActions, _ environment: [String: String]) throws
        -> Int32
    {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        let newSession: Int16 = 0x80  // POSIX_SPAWN_SETSID, which needs _GNU_SOURCE
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK) | newSession)

        var arguments = command.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid: Int32 = 0
        let status = posix_spawnp(&pid, command[0], actions.pointer, &attributes, &arguments, &variables)
        guard status == 0 else { throw Trouble("cannot start \(command): \(String(cString: strerror(status)))") }
        return pid
    }
}

extension Child {
    /// Runs a command to its end.
    package static func run(_ command: [String], environment: [String: String] = [:]) throws -> Finish {
        try Child(command, environment: environment).wait()
    }

    /// Runs a script of `sh` to its end; `$POOL` and `$PROBE` are the programs under test, `$1` and so on the arguments.
    package static func script(_ text: String, _ arguments: [String] = []) throws -> Finish {
        try run(
            ["sh", "-c", text, "sh"] + arguments, environment: ["POOL": Programs.pool(), "PROBE": Programs.probe()])
    }
}
