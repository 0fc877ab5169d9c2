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
    /// another, and nothing for none. Nil where there is none. Who only looks does not make it.
    /// - Throws: `KernelError` when the one that was named cannot be used.
    package static func usual(
        _ environment: [String: String] = Host.environment(), makes: Bool = true
    ) throws(KernelError) -> ClaimFolder? {
        if let path = environment["CGEXEC_CLAIMS"] {
            if path.isEmpty { return nil }
            if let named = usable(path, mode: 0o700, makes) { return named }
            throw KernelError(
                .open, path, .permissionDenied,
                cure:
                    "CGEXEC_CLAIMS must name a directory that you may write to and in which nobody else may remove files"
            )
        }
        if let shared = usable("/run/lock/cgexec", mode: 0o1777, makes) { return shared }
        return environment["XDG_RUNTIME_DIR"].flatMap { usable($0 + "/cgexec", mode: 0o700, makes) }
    }

    /// Whether pools are not to tell each other of anything: for those that do not mind.
    static func isSwitchedOff(_ environment: [String: String] = Host.environment()) -> Bool {
        environment["CGEXEC_CLAIMS"]?.isEmpty ?? false
    }

    private static func usable(_ path: String, mode: mode_t, _ makes: Bool) -> ClaimFolder? {
        // The mask of this process takes from what mkdir is told.
        if makes, mkdir(path, mode) == 0 { chmod(path, mode) }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, access(path, R_OK | W_OK | X_OK) == 0
        else {
            return nil
        }
        // Where others could remove our claims, they are worth nothing. In a sticky folder only its owner could, who is
        // whoever came first: it should be made at boot, see deploy/tmpfiles.d.
        let isSticky = status.st_mode & 0o1000 != 0
        let isOurs = status.st_uid == 0 || status.st_uid == geteuid()
        return isSticky || isOurs && status.st_mode & 0o022 == 0 ? ClaimFolder(path) : nil
    }

    // MARK: Reading

    /// The claims that hold.
    package func claims() throws(KernelError) -> [Claim] {
        let lock = try lock()
        defer { withExtendedLifetime(lock) {} }
        return try entries()
    }

    /// Those that hold; others are removed where we may.
    private func entries() throws(KernelError) -> [Claim] {
        guard let folder = opendir(path) else { throw KernelError(.open, path, Errno(rawValue: errno)) }
        defer { closedir(folder) }
        var claims: [(name: String, claim: Claim)] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(Self.prefix), let claim = try claim(in: name) else { continue }
            claims.append((name, claim))
        }
        return claims.sorted { $0.name < $1.name }.map(\.claim)
    }

    private static let prefix = "claim-"
    /// A claim is a line; more than this is none.
    private static let largest = 4096

    /// What the file claims; nil when nobody lives who does.
    private func claim(in name: String) throws(KernelError) -> Claim? {
        let file: Descriptor
        do throws(Errno) {
            file = try Descriptor.open(path + "/" + name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        } catch {
            switch error {
            case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory: throw KernelError(.open, path, error)
            default: return nil
            }
        }
        var status = stat()
        guard fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.largest,
            let text = try? file.readAll(), var claim = try? JSONDecoder().decode(Claim.self, from: Data(text.utf8)),
            claim.user == status.st_uid  // nobody claims for others
        else { return nil }
        // It will stand in messages.
        claim.name = String(claim.name.unicodeScalars.filter { $0.properties.generalCategory != .control }.prefix(80))
        // Shared: two who look at the same moment are not to take each other for the owner.
        if flock(file.raw, LOCK_SH | LOCK_NB) != 0 { return claim }
        if Self.isPopulated(claim.cgroup) { return claim }
        unlink(path + "/" + name)
        return nil
    }

    /// Whether jobs of a pool live on: its owner is dead, and the keeper has not ended them yet.
    private static func isPopulated(_ cgroup: String?) -> Bool {
        guard let events = Self.events(of: cgroup), let text = try? events.readControl() else { return false }
        return FlatKeyed(text)["populated"] == 1
    }

    /// What tells of a cgroup's processes, open; nil for what is no cgroup, whatever others wrote into their claims.
    private static func events(of cgroup: String?) -> Descriptor? {
        guard let cgroup,
            let file = try? Descriptor.open(cgroup + "/cgroup.events", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        else { return nil }
        var facts = statfs()
        guard fstatfs(file.raw, &facts) == 0, facts.f_type == Int(cgx_cgroup2_magic) else { return nil }
        return file
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
        guard let claim = try decide(entries()) else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = try encoder.encode(claim)
        let path = "\(path)/\(Self.prefix)\(claim.pid)-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        do throws(Errno) {
            // Others would take a longer one for none.
            guard text.count <= Self.largest else { throw Errno.fileTooLarge }
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

    private func lock() throws(KernelError) -> FileLock {
        let path = path + "/lock"
        do throws(Errno) {
            let deadline = monotonicNow().advanced(by: Self.patience)
            return try FileLock.take(openLock(path, until: deadline), until: deadline)
        } catch {
            let cure =
                error == .wouldBlock
                ? "Somebody keeps it: 'fuser \(path)' tells who"
                : "It should be a file that everybody may read: have its owner, or root, remove it"
            throw KernelError(.open, path, error, cure: cure)
        }
    }

    private func openLock(_ path: String, until deadline: Instant) throws(Errno) -> Descriptor {
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        while true {
            do throws(Errno) {
                // Not with O_CREAT, which fails for what another user has in such a folder (fs.protected_regular).
                return try Descriptor.open(path, flags)
            } catch {
                if error == .permissionDenied, monotonicNow() < deadline {
                    usleep(5_000)  // somebody is making it
                    continue
                }
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
            var end = pollfd(fd: process, events: Int16(POLLIN), revents: 0)
            // One that is dead already, and whose jobs live on, says no more.
            if process >= 0, poll(&end, 1, 0) == 0 { watched.append(end) } else if process >= 0 { close(process) }
            guard let events = Self.events(of: claim.cgroup) else { continue }
            _ = try? events.readControl()  // what was not read counts as changed
            watched.append(pollfd(fd: events.release(), events: Int16(POLLPRI), revents: 0))
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
