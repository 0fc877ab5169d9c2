import CLinux
import Glibc

extension Subtree {
    /// What a pool found out about where it runs.
    struct Facts: Sendable {
        var mount: CgroupMount
        /// Our own cgroup; nil when it is outside of what is mounted.
        var own: String?
        /// Which cgroups from the mount point to our own are delegated, outermost first.
        var delegated: [String] = []
        /// The processes in our own cgroup that are neither this one nor started it, and not of the same pipeline.
        var strangers: [Int32] = []
        /// Whether systemd runs this host.
        var hasSystemd = false
        /// Whether the systemd that manages this user's processes can be asked.
        var reachesManager = true
        /// Whether this process was already started in a scope of our own making.
        var isInScope = false
        var isRoot = false
    }

    /// Reads the facts of this host and process.
    static func facts() throws(HostUnfit) -> Facts {
        var facts = Facts(mount: try .find())
        facts.own = facts.mount.ownCgroup(procCgroup: readFile("/proc/self/cgroup") ?? "")
        facts.isRoot = geteuid() == 0
        facts.hasSystemd = access("/run/systemd/system", F_OK) == 0  // sd_booted(3)
        facts.reachesManager = facts.isRoot || hasUserBus()
        facts.isInScope = getenv(scopeVariable).map { String(cString: $0) == "\(getpid())" } ?? false
        guard let own = facts.own else { return facts }
        var path = facts.mount.path
        for component in [""] + own.dropFirst(facts.mount.path.count).split(separator: "/").map(String.init) {
            if !component.isEmpty { path += "/" + component }
            let isAsked = facts.isInScope && path == own
            if isAsked || isMarked(path) || isNamespaceRoot(path, facts.mount)
                || !facts.hasSystemd && isGivenToUser(path)
            {
                facts.delegated.append(path)
            }
        }
        // Only where we would have to move; the walk to our ancestors is not free.
        if facts.delegated.last == own {
            let family = Set(ancestors())
            // "cgexec-pool … | tee log": a shell puts what it starts together into one process group.
            facts.strangers = processes(in: own).filter { !family.contains($0) && getpgid($0) != getpgrp() }
        }
        return facts
    }

    /// Whether this user's systemd can be found in the way `systemd-run --user` looks for it, sd_bus_open_user(3). In a
    /// login it can; after su, runuser or sudo -u, and in cron jobs, it cannot.
    private static func hasUserBus() -> Bool {
        if getenv("DBUS_SESSION_BUS_ADDRESS") != nil { return true }
        guard let folder = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }) else { return false }
        return access(folder + "/systemd/private", F_OK) == 0 || access(folder + "/bus", F_OK) == 0
    }

    /// systemd marks what it delegates with an extended attribute, and so do we.
    private static func isMarked(_ path: String) -> Bool {
        ["user.delegate", "trusted.delegate"].contains { attribute in
            var value: UInt8 = 0
            return getxattr(path, attribute, &value, 1) == 1 && value == UInt8(ascii: "1")
        }
    }

    /// A container engine delegates a cgroup by making it the root of a namespace. Only the true root has no type.
    private static func isNamespaceRoot(_ path: String, _ mount: CgroupMount) -> Bool {
        path == mount.path && access(path + "/cgroup.type", F_OK) == 0 && access(path, W_OK) == 0
    }

    /// Where no systemd manages the tree, a cgroup that belongs to an ordinary user was given to them.
    private static func isGivenToUser(_ path: String) -> Bool {
        var facts = stat()
        let user = geteuid()
        return user != 0 && stat(path, &facts) == 0 && facts.st_uid == user
            && access(path + "/cgroup.subtree_control", W_OK) == 0 && access(path + "/cgroup.procs", W_OK) == 0
    }

    /// This process, its parent, and so on.
    private static func ancestors() -> [Int32] {
        var chain = [getpid()]
        while let last = chain.last, last > 1, let status = readFile("/proc/\(last)/status"),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("PPid:") }),
            let parent = line.split(separator: "\t").last.flatMap({ Int32($0) }), parent > 0
        {
            chain.append(parent)
        }
        return chain
    }
}
