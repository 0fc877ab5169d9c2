import CLinux
import Glibc
import SystemPackage

/// What a pool that was killed left, where its keeper has not removed it yet, or was killed as well.
enum DeadPool {
    /// How long its processes may take to die.
    private static let patience = Duration.seconds(30)

    /// This process, and its pool's cgroup, as a later one can tell them from all others.
    static func owner(cgroup: String?) -> JournalEntry.Owner {
        var owner = JournalEntry.Owner(host: Host.name(), pid: getpid())
        owner.boot = bootNumber()
        owner.started = ProcessStat(of: getpid())?.started
        owner.cgroup = cgroup
        if let cgroup, let opened = try? Cgroup.open(cgroup) { owner.cgroupNumber = number(of: opened) }
        return owner
    }

    /// Ends everything in the owner's cgroup and removes it; returns when nothing of it is left. Does nothing where that
    /// cgroup is not there, or is another by now.
    /// - Throws: `KernelError` also where the owner lives: its journal was copied.
    static func remove(_ owner: JournalEntry.Owner) throws(KernelError) {
        guard owner.host == Host.name(), owner.boot == bootNumber(), let path = owner.cgroup,
            // What stands in a file is not to lead to anybody's cgroup.
            path.split(separator: "/").last?.hasPrefix("\(Subtree.poolPrefix)\(owner.pid)-") == true
        else { return }
        if let process = ProcessStat(of: owner.pid), !process.isDead, process.started == owner.started {
            throw KernelError(
                .open, "the journal's run", .resourceBusy,
                cure:
                    "Process \(owner.pid), which wrote it, still runs: this is a copy of its journal. Wait for its end")
        }
        let deadline = monotonicNow().advanced(by: patience)
        var pause: UInt32 = 500
        while try !isGone(path, owner) {
            guard monotonicNow() < deadline else {
                throw KernelError(
                    .remove, path, .resourceBusy,
                    cure: "An earlier run was killed, and what it ran does not die: 'cat \(path)/cgroup.procs' lists it"
                )
            }
            usleep(pause)
            pause = min(pause * 2, 50_000)
        }
    }

    /// Kills and removes once; true when it is not there any more.
    private static func isGone(_ path: String, _ owner: JournalEntry.Owner) throws(KernelError) -> Bool {
        let pool: Cgroup
        do throws(KernelError) {
            pool = try .open(path)
        } catch {
            if error.errno == ENOENT || error.errno == ENODEV { return true }
            throw error
        }
        guard number(of: pool) == owner.cgroupNumber else { return true }
        let parts = path.split(separator: "/")
        let name = parts.last.map(String.init) ?? ""
        do throws(KernelError) {
            try pool.kill()
            try Cgroup.open("/" + parts.dropLast().joined(separator: "/")).removeChildIfEmpty(name)
        } catch {
            switch Errno(rawValue: error.errno) {
            case .permissionDenied, .notPermitted:
                throw KernelError(
                    error.operation, error.object, Errno(rawValue: error.errno),
                    cure: "An earlier run of another user was killed and left this: run as that user, or as root")
            default: return false  // busy, or gone meanwhile
            }
        }
        return false
    }

    /// The kernel's number of a cgroup, which it gives once in a boot; nil for what is none.
    private static func number(of cgroup: borrowing Cgroup) -> UInt64? {
        var facts = stat()
        var system = statfs()
        guard fstat(cgroup.directory.raw, &facts) == 0, fstatfs(cgroup.directory.raw, &system) == 0,
            system.f_type == Int(cgx_cgroup2_magic)
        else { return nil }
        return UInt64(facts.st_ino)
    }

    private static func bootNumber() -> String? {
        readFile("/proc/sys/kernel/random/boot_id")?.filter { !$0.isWhitespace }
    }
}

extension Cgroup {
    fileprivate func removeChildIfEmpty(_ name: String) throws(KernelError) {
        do throws(Errno) {
            try removeChild(name)
        } catch {
            throw KernelError(.remove, path + "/" + name, error)
        }
    }
}
