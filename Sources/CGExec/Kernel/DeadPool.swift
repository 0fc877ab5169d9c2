import Glibc
import SystemPackage

/// What a pool that was killed left, where its keeper has not removed it yet, or was killed as well.
enum DeadPool {
    /// How long its processes may take to die.
    private static let patience = Duration.seconds(30)

    /// Ends everything in the cgroup and removes it; `number` is what the kernel called it, so that no other is meant that
    /// came to have the same path. Returns when nothing of it is left.
    static func remove(_ path: String, number: UInt64) throws(KernelError) {
        let deadline = monotonicNow().advanced(by: patience)
        var pause: UInt32 = 500
        while Self.number(of: path) == number {
            guard monotonicNow() < deadline else {
                throw KernelError(
                    .remove, path, .resourceBusy,
                    cure: "An earlier run was killed, and what it ran does not die: 'cat \(path)/cgroup.procs' lists it"
                )
            }
            if let cgroup = try? Cgroup.open(path) { try? cgroup.kill() }
            let parts = path.split(separator: "/")
            let parent = "/" + parts.dropLast().joined(separator: "/")
            if let name = parts.last, let above = try? Cgroup.open(parent) { try? above.removeChild(String(name)) }
            usleep(pause)
            pause = min(pause * 2, 50_000)
        }
    }

    /// The kernel's number of a cgroup, which it never gives twice; nil when it is not there.
    static func number(of path: String) -> UInt64? {
        var facts = stat()
        return stat(path, &facts) == 0 ? UInt64(facts.st_ino) : nil
    }
}
