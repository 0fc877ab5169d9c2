import CLinux
import Glibc
import SystemPackage

/// The part of the cgroup tree that is ours to divide: found by asking, never taken from another manager.
package struct Subtree: Sendable, Equatable {
    /// Where pools make their cgroups, as an absolute path.
    var base: String
    var mount: CgroupMount
    /// Whether `base` is the cgroup of this process, which then has to move to a leaf of it first.
    var isOwn = false
    /// Set when this process was moved out of `base`, which cannot have processes and divided children at once.
    var home: Home?

    /// The leaf that this process was moved to, and how to undo it.
    struct Home: Sendable, Equatable {
        var leaf: String
        var base: String
        /// What to write to the base's `cgroup.subtree_control` to take back what was enabled.
        var disable: String
    }

    /// Where to work.
    enum Decision: Sendable, Equatable {
        /// Here, without moving.
        case use(String)
        /// Here, after moving ourselves to a leaf of it.
        case enter(String)
        /// In a new delegated scope, by starting over through systemd-run.
        case scope
    }

    /// The rules, in this order: what the user named; what is delegated to us; a scope from systemd; the root of the
    /// tree where no systemd owns it and we are in no other cgroup.
    static func decide(_ facts: Facts, requested: String?) throws(HostUnfit) -> Decision {
        if let requested { return .use(requested) }
        guard let own = facts.own else {
            throw HostUnfit(
                "limits", cause: "our own cgroup lies outside the cgroup namespace (/proc/self/cgroup shows '..')",
                cure:
                    "Give the container a cgroup namespace of its own (--cgroupns=private), or name a cgroup with --cgroup"
            )
        }
        // A delegated cgroup that its manager has divided is not ours: only what lies there by our own hand.
        let ours = facts.delegated.last.flatMap { delegated in
            own.dropFirst(delegated.count).split(separator: "/").allSatisfy { innerNames.contains(String($0)) }
                ? delegated : nil
        }
        if let job = innermostJobLeaf(own), ours.map({ !($0 + "/").hasPrefix(job + "/") }) ?? true {
            throw HostUnfit(
                "limits", cause: "this runs inside a job of another pool, which may not divide its leaf",
                cure: "Give that job 'delegate: true' (exec: --delegate), so that limits inside stay within its own")
        }
        var scope: String { Location.scopeCommand(isRoot: facts.isRoot, ["…"]).joined(separator: " ") }
        if let ours {
            if ours != own { return .use(ours) }
            if facts.strangers.isEmpty { return .enter(ours) }
            // Not out of it into a new scope: that would leave the limits that were set around us.
            throw HostUnfit(
                "limits",
                cause: "processes that did not start us are in \(own), which we would have to divide: "
                    + facts.strangers.prefix(5).map(String.init).joined(separator: ", "),
                cure: facts.hasSystemd
                    ? "Run under: \(scope)"
                    : "Move them: mkdir \(own)/others, and echo each number > \(own)/others/cgroup.procs. Or name another"
                        + " cgroup with --cgroup")
        }
        if facts.hasSystemd && !facts.isInScope {
            // systemd-run would fail in our place, with a status that looks like the program's.
            guard facts.reachesManager else {
                throw HostUnfit(
                    "limits", cause: "no systemd of this user can be reached (XDG_RUNTIME_DIR)",
                    cure: "Log in anew, by ssh or 'machinectl shell', not by su or sudo; without a login, as root:"
                        + " loginctl enable-linger USER, then as the user: export XDG_RUNTIME_DIR=/run/user/$(id -u)")
            }
            return .scope
        }
        if facts.hasSystemd || !facts.isRoot {
            throw HostUnfit(
                "limits", cause: "\(own) is not delegated to this user",
                cure: facts.hasSystemd
                    ? "Run under: \(scope)"
                    : "As root, make a cgroup for it, hand it over (chown, with its cgroup.procs, cgroup.threads and"
                        + " cgroup.subtree_control), and move your shell into it (echo PID > CGROUP/cgroup.procs)")
        }
        // Somebody put us where we are: an engine that shows the container the host's tree, or a hand that set limits.
        guard own == facts.mount.path else {
            throw HostUnfit(
                "limits",
                cause: "this process is in \(own), and nothing says that the tree around it is ours to divide",
                cure: "Name a cgroup to work in with --cgroup, such as a new one below \(own); in a container, rather"
                    + " give it a cgroup namespace of its own (--cgroupns=private)")
        }
        return .use(facts.mount.path)
    }

    /// The names we give: a pool is `cgexec-<pid>-<n>`, a job's leaf in it `job-<id>.<attempt>`.
    static let poolPrefix = "cgexec-"
    static let leafPrefix = "job-"
    /// Where processes go in a cgroup that is divided: the pool's own, and the program of a delegated job.
    static let supervisorName = "supervisor"
    static let innerName = "main"
    private static let innerNames: Set<String> = [supervisorName, innerName]

    /// The innermost ancestor of `path`, itself included, that is the leaf of one of our jobs.
    private static func innermostJobLeaf(_ path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return nil }
        let index = parts.indices.dropFirst().last {
            parts[$0].hasPrefix(leafPrefix) && parts[$0 - 1].hasPrefix(poolPrefix)
        }
        return index.map { parts[...$0].joined(separator: "/") }
    }

    /// Tells a program that `systemd-run` started it for us, so that it does not start over for ever. The value is the
    /// process id, which `systemd-run --scope` keeps and which no child that inherits the variable has.
    package static let scopeVariable = "CGEXEC_IN_SCOPE"

    /// Moves this process, and those that started it, to a leaf of `base`, where that is their cgroup, so that it can
    /// be divided.
    mutating func moveIn() throws(KernelError) {
        guard isOwn else { return }
        let cgroup = try Cgroup.open(base)
        let before = try Controllers.enabled(in: cgroup)
        let name = Self.supervisorName
        let leaf = try cgroup.has(name) ? Cgroup.open(base + "/" + name) : cgroup.makeChild(name)
        for process in Self.processes(in: base) {
            do throws(KernelError) {
                try leaf.write("\(process)", to: "cgroup.procs")
            } catch {
                if error.errno == ESRCH { continue }  // it has ended
                moveBack(from: leaf.path)
                throw KernelError(.move, leaf.path, Errno(rawValue: error.errno), value: "process \(process)")
            }
        }
        let available = try cgroup.controllers()
        let added = Controllers.wanted.filter { available.contains($0) && !before.contains($0) }
        home = Home(leaf: leaf.path, base: base, disable: added.map { "-" + $0 }.joined(separator: " "))
    }

    /// Takes everybody back to where they were, and removes the leaf; where there is a keeper, that is still in it, and
    /// removes it when it leaves. Where another pool has divided the base meanwhile, things stay as they are.
    func moveOut() {
        guard let home, let base = try? Cgroup.open(home.base) else { return }
        if !home.disable.isEmpty && (try? base.write(home.disable, to: "cgroup.subtree_control")) == nil { return }
        moveBack(from: home.leaf)
    }

    private func moveBack(from leaf: String) {
        guard let base = try? Cgroup.open(base) else { return }
        for process in Self.processes(in: leaf) { try? base.write("\(process)", to: "cgroup.procs") }
        rmdir(leaf)
    }

    /// The processes directly in a cgroup.
    static func processes(in cgroup: String) -> [Int32] {
        (readFile(cgroup + "/cgroup.procs") ?? "").split(separator: "\n").compactMap { Int32($0) }
    }
}
