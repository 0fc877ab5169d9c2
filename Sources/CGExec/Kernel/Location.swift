/// Where a pool can work, found before anything is made.
package enum Location: Sendable {
    /// In this part of the tree.
    case subtree(Subtree)
    /// In a new scope of systemd's: a program of its own starts over through `systemd-run`.
    case scope(isRoot: Bool)
    /// Nowhere; the reason is an error only for those who asked for something that needs a cgroup.
    case nowhere(HostUnfit)

    /// Looks for a place. Nothing is changed.
    package static func find(requested: String?) -> Location {
        do throws(HostUnfit) {
            let facts = try Subtree.facts()
            guard !facts.mount.isReadOnly else {
                throw HostUnfit(
                    "limits", cause: "cgroup v2 is mounted read-only at \(facts.mount.path), as in most containers",
                    cure: "Start the container with a writable cgroup file system, or run on the host")
            }
            switch try Subtree.decide(facts, requested: requested) {
            case .use(let base): return .subtree(Subtree(base: base, mount: facts.mount))
            case .enter(let base): return .subtree(Subtree(base: base, mount: facts.mount, isOwn: true))
            case .scope: return .scope(isRoot: facts.isRoot)
            }
        } catch {
            return .nowhere(error)
        }
    }

    /// The command that starts `arguments` again in a delegated scope inside `cgexec.slice`.
    package static func scopeCommand(isRoot: Bool, _ arguments: [String]) -> [String] {
        ["systemd-run"] + (isRoot ? [] : ["--user"])
            + ["--scope", "--quiet", "--collect", "-p", "Delegate=yes", "--slice=cgexec.slice", "--"] + arguments
    }
}
