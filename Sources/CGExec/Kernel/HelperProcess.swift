import CLinux
import Glibc
import SystemPackage

/// A program that does something for us, such as sending a mail, and is no job: it has no leaf, and its failure fails nobody.
package struct HelperProcess: Sendable {
    /// The program, looked up in `PATH`, and its arguments.
    package var command: [String]
    /// What it reads from standard input.
    package var input: String
    /// After so long it is killed, with everything in its process group.
    package var patience: Duration

    package init(_ command: [String], input: String, patience: Duration) {
        self.command = command
        self.input = input
        self.patience = patience
    }

    /// Why it did not do what it should have.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// Runs it to its end; blocks, so not on the reactor's thread.
    package func run() throws(Failure) {
        let name = command.first ?? ""
        let status: cgx_wait?
        let said: String
        do throws(Errno) {
            // Files in memory and no pipes: nobody has to read and write at the same time, and who does not read is not
            // waited for.
            let written = try Self.file()
            try written.write(input)
            _ = lseek(written.raw, 0, SEEK_SET)
            let output = try Self.file()
            status = try wait(for: try start(written.raw, output.raw))
            said = try output.readAll()
        } catch {
            throw Failure(description: "\(name) cannot be run: \(error)")
        }
        guard let status else {
            throw Failure(description: "\(name) was not done after \(patience.forPeople), and was told to end")
        }
        guard status.code != CLD_EXITED || status.status != 0 else { return }
        let how =
            status.code == CLD_EXITED ? "ended with status \(status.status)" : "was ended by signal \(status.status)"
        let lines = said.split(whereSeparator: \.isNewline).suffix(3).joined(separator: " / ")
        throw Failure(description: "\(name) \(how)" + (lines.isEmpty ? "" : ": \(lines)"))
    }

    private static func file() throws(Errno) -> Descriptor {
        Descriptor(owning: try checked(cgx_memory_file()))
    }

    private func start(_ input: Int32, _ output: Int32) throws(Errno) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (from, to) in [(input, 0), (output, 1), (output, 2)] as [(Int32, Int32)] {
            posix_spawn_file_actions_adddup2(&actions, from, to)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // We block and catch signals that it knows nothing of, and Ctrl-C is not meant for it.
        var (all, none) = (sigset_t(), sigset_t())
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))
        let arguments = CStrings(command)
        var pid: pid_t = 0
        // A scope of ours is ours alone.
        let variables = CStrings(
            Host.rawEnvironment().filter { !$0.starts(with: Array("\(Subtree.scopeVariable)=".utf8)) })
        let error = posix_spawnp(
            &pid, command.first ?? "", &actions, &attributes, arguments.pointers, variables.pointers)
        withExtendedLifetime((arguments, variables)) {}
        if error != 0 { throw Errno(rawValue: error) }
        return pid
    }

    /// How it ended; nil where it had to be killed. It may have other rights or another group by then, or hang: what cannot be
    /// ended is not waited for.
    private func wait(for pid: pid_t) throws(Errno) -> cgx_wait? {
        var result = cgx_wait()
        let pidfd: Descriptor
        do throws(Errno) {
            pidfd = Descriptor(owning: try checked(cgx_pidfd_open(pid)))
        } catch {
            Glibc.kill(-pid, SIGKILL)
            var ignored: Int32 = 0
            waitpid(pid, &ignored, WNOHANG)
            throw error
        }
        let isDone = Self.hasEnded(pidfd, within: patience)
        if !isDone {
            Glibc.kill(-pid, SIGKILL)
            _ = cgx_pidfd_send_signal(pidfd.raw, SIGKILL)
            guard Self.hasEnded(pidfd, within: .seconds(1)) else { return nil }
        }
        try checked(cgx_wait_pidfd(pidfd.raw, 0, &result))
        return isDone ? result : nil
    }

    private static func hasEnded(_ pidfd: borrowing Descriptor, within time: Duration) -> Bool {
        var event = pollfd(fd: pidfd.raw, events: Int16(POLLIN), revents: 0)
        let deadline = monotonicNow().advanced(by: time)
        while case let rest = deadline.since(monotonicNow()), rest > .zero {
            if poll(&event, 1, Int32(clamping: Int64(rest.seconds * 1000) + 1)) > 0 { return true }
        }
        return false
    }
}
