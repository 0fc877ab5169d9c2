import CLinux
import FoundationEssentials
import Glibc
import SystemPackage

/// Where the pools of a machine tell each other which CPUs they hold: a file for each pool, locked as long as its owner
/// lives (flock(2): the kernel gives the lock back however a process ends). Also pools of different users.
///
/// Anybody can write into the folder, as into /tmp. So nothing there is followed or waited for, and what cannot be read is
/// nobody's claim.
package struct ClaimFolder: Sendable {
    /// The folder.
    package let path: String

    /// Claims are in this folder, which must be there.
    package init(_ path: String) { self.path = path }

    /// The folder of this machine: `/run/lock/cgexec`, or this user's where that cannot be made; `CGEXEC_CLAIMS` names
    /// another, and nothing for none. Nil where there is none.
    package static func usual(_ environment: [String: String] = Host.environment()) -> ClaimFolder? {
        if let path = environment["CGEXEC_CLAIMS"] { return path.isEmpty ? nil : made(path, mode: 0o700) }
        if let shared = made("/run/lock/cgexec", mode: 0o1777) { return shared }
        return environment["XDG_RUNTIME_DIR"].flatMap { made($0 + "/cgexec", mode: 0o700) }
    }

    private static func made(_ path: String, mode: mode_t) -> ClaimFolder? {
        // The mask of this process takes from what mkdir is told.
        if mkdir(path, mode) == 0 { chmod(path, mode) }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, access(path, W_OK | X_OK) == 0 else {
            return nil
        }
        // Where others could remove our claims, they are worth nothing.
        let isOpen = status.st_mode & 0o022 != 0 && status.st_mode & 0o1000 == 0
        return isOpen || (status.st_uid != 0 && status.st_uid != geteuid()) ? nil : ClaimFolder(path)
    }

    // MARK: Reading

    /// The claims that hold.
    package func claims() throws(KernelError) -> [Claim] {
        let lock = try lock()
        defer { withExtendedLifetime(lock) {} }
        return entries().map(\.claim)
    }

    private struct Entry {
        var name: String
        var claim: Claim
    }

    /// Those that hold; others are removed where we may.
    private func entries() -> [Entry] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var entries: [Entry] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(Self.prefix), let claim = claim(in: name) else { continue }
            entries.append(Entry(name: name, claim: claim))
        }
        return entries.sorted { $0.name < $1.name }
    }

    private static let prefix = "claim-"
    /// A claim is a line; more than this is none.
    private static let largest = 65_536

    /// What the file claims; nil when nobody lives who does.
    private func claim(in name: String) -> Claim? {
        guard let file = try? Descriptor.open(path + "/" + name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY) else {
            return nil
        }
        var status = stat()
        guard fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.largest,
            let text = try? file.readAll(), let claim = try? JSONDecoder().decode(Claim.self, from: Data(text.utf8))
        else { return nil }
        // Shared: two who look at the same moment are not to take each other for the owner.
        if flock(file.raw, LOCK_SH | LOCK_NB) != 0 { return claim }
        if Self.isPopulated(claim.cgroup) { return claim }
        unlink(path + "/" + name)
        return nil
    }

    /// Whether jobs of a pool live on: its owner is dead, and the keeper has not ended them yet.
    private static func isPopulated(_ cgroup: String?) -> Bool {
        guard let cgroup, let events = readFile(cgroup + "/cgroup.events") else { return false }
        return FlatKeyed(events)["populated"] == 1
    }

    // MARK: Taking

    /// A claim that is held until it is released, or this process ends.
    package final class Held: Sendable {
        private let file: Descriptor
        private let path: String

        fileprivate init(_ file: consuming Descriptor, _ path: String) {
            self.file = file
            self.path = path
        }

        deinit { release() }

        /// Gives back what was held; a second time does nothing.
        package func release() {
            unlink(path)
            flock(file.raw, LOCK_UN)
        }
    }

    /// Looks at what others hold, and claims what `decide` says, while nobody else does; nil where it says nothing.
    package func take<Failure: Error>(
        _ decide: ([Claim]) throws(Failure) -> Claim?
    ) throws -> Held? {
        let lock = try lock()
        defer { withExtendedLifetime(lock) {} }
        guard let claim = try decide(entries().map(\.claim)) else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = try encoder.encode(claim)
        let path = "\(path)/\(Self.prefix)\(claim.pid)-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        do throws(Errno) {
            let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
            try systemCall { flock(file.raw, LOCK_EX | LOCK_NB) }
            fchmod(file.raw, 0o644)
            let count = try systemCall { text.withUnsafeBytes { write(file.raw, $0.baseAddress, $0.count) } }
            guard count == text.count else { throw Errno.noSpace }
            return Held(file, path)
        } catch {
            unlink(path)
            throw KernelError(.write, path, error)
        }
    }

    // MARK: The folder's lock

    /// How long somebody may keep the others from looking: a look takes a moment.
    private static let patience = Duration.seconds(5)

    private final class Lock {
        let file: Descriptor
        init(_ file: consuming Descriptor) { self.file = file }
        deinit { flock(file.raw, LOCK_UN) }
    }

    private func lock() throws(KernelError) -> Lock {
        let path = path + "/lock"
        do throws(Errno) {
            let lock = Lock(try openLock(path))
            let deadline = monotonicNow().advanced(by: Self.patience)
            // flock(2) knows no time limit.
            while flock(lock.file.raw, LOCK_EX | LOCK_NB) != 0 {
                guard errno == EWOULDBLOCK || errno == EINTR else { throw Errno(rawValue: errno) }
                guard monotonicNow() < deadline else { throw Errno.wouldBlock }
                usleep(5_000)
            }
            return lock
        } catch {
            let cure = error == .wouldBlock ? "Somebody keeps it: 'fuser \(path)' tells who" : nil
            throw KernelError(.open, path, error, cure: cure)
        }
    }

    private func openLock(_ path: String) throws(Errno) -> Descriptor {
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        while true {
            do throws(Errno) {
                // Not with O_CREAT, which fails for what another user has in such a folder (fs.protected_regular).
                return try Descriptor.open(path, flags)
            } catch {
                guard error == .noSuchFileOrDirectory else { throw error }
            }
            do throws(Errno) {
                let file = try Descriptor.open(path, flags | O_CREAT | O_EXCL, mode: 0o644)
                fchmod(file.raw, 0o644)
                return file
            } catch {
                guard error == .fileExists else { throw error }
            }
        }
    }

    // MARK: Waiting

    /// Waits until one of these claims may have ended: a file goes, an owner dies, or a dead one's last job does.
    ///
    /// A thread that waits for signals in other ways has them blocked; `letsSignalsThrough` unblocks them meanwhile.
    package func awaitEnd(of claims: [Claim], letsSignalsThrough: Bool) {
        let notices = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        defer { close(notices) }
        inotify_add_watch(notices, path, UInt32(IN_DELETE | IN_MOVED_FROM))
        var watched = [pollfd(fd: notices, events: Int16(POLLIN), revents: 0)]
        for claim in claims {
            let process = cgx_pidfd_open(claim.pid)
            if process >= 0 { watched.append(pollfd(fd: process, events: Int16(POLLIN), revents: 0)) }
            guard let cgroup = claim.cgroup else { continue }
            let events = open(cgroup + "/cgroup.events", O_RDONLY | O_CLOEXEC)
            guard events >= 0 else { continue }
            var buffer = [UInt8](repeating: 0, count: 256)
            // What was not read counts as changed.
            _ = read(events, &buffer, buffer.count)
            watched.append(pollfd(fd: events, events: Int16(POLLPRI), revents: 0))
        }
        defer { for entry in watched.dropFirst() { close(entry.fd) } }
        var before = sigset_t()
        var none = sigset_t()
        sigemptyset(&none)
        if letsSignalsThrough { pthread_sigmask(SIG_SETMASK, &none, &before) }
        // And a look now and then, should a claim have ended in a moment when nobody watched.
        _ = poll(&watched, UInt(watched.count), 2_000)
        if letsSignalsThrough { pthread_sigmask(SIG_SETMASK, &before, nil) }
    }
}
