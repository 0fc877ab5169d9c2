import CLinux
import Glibc
import SystemPackage

/// What pools left that were killed together with their keepers. A pool holds a lock (flock(2)) on its cgroup's directory for
/// as long as its process lives: the lock proves it alive also to a pool in another PID namespace, where numbers do not.
enum AbandonedPools {
    /// How long what is killed may take to die, before others begin without waiting for it: what hangs in the kernel cannot be
    /// ended. The next one tries again.
    private static let patience = Duration.seconds(1)

    /// Takes the lock of a pool's cgroup, which is new, and marks it as a pool's: no other cgroup is ever touched here,
    /// whatever its name is. Who holds the lock for a moment is only looking.
    static func lock(_ pool: String) -> Descriptor? {
        guard let lock = try? Descriptor.open(pool, O_RDONLY | O_DIRECTORY),
            (try? systemCall { flock(lock.raw, LOCK_EX) }) != nil
        else { return nil }
        _ = cgx_mark(lock.raw)
        return lock
    }

    /// Ends and removes the pools of `base` that have leaves and no owner. What cannot be, another user's among them, stays.
    static func remove(in base: borrowing Cgroup) {
        for name in base.children where name.hasPrefix(Subtree.poolPrefix) { remove(name, in: base) }
    }

    private static func remove(_ name: String, in base: borrowing Cgroup) {
        guard let pool = try? Cgroup.open(base.path + "/" + name), cgx_is_marked(pool.directory.raw) == 1,
            let lock = try? Descriptor.open(".", in: pool.directory.raw, O_RDONLY | O_DIRECTORY),
            (try? systemCall { flock(lock.raw, LOCK_EX | LOCK_NB) }) != nil
        else { return }
        let deadline = monotonicNow().advanced(by: patience)
        var pause: UInt32 = 500
        while (try? pool.kill()) != nil, (try? base.removeChild(name)) == nil, monotonicNow() < deadline {
            usleep(pause)
            pause = min(pause * 2, 50_000)
        }
    }
}
