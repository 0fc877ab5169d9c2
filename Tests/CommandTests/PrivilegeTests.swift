import Glibc
import Support
import Testing

/// Programs that change who they are still do, under `exec`.
@Suite struct PrivilegeTests {
    private static let user = "nobody"

    private let scratch: ScratchDirectory

    init() throws {
        guard geteuid() == 0 else { try skip("only root can make a setuid program of root's") }
        scratch = try ScratchDirectory()
    }

    /// A copy that everybody may run: the original may lie where only root can go.
    private func copy(_ program: String, as name: String, mode: UInt32 = 0o755) throws -> String {
        let target = scratch.file(name)
        let finish = try Child.run(["install", "-m", String(mode, radix: 8), program, target])
        guard finish.status == .exited(0) else { throw Trouble(finish.stderr) }
        return target
    }

    private func asUser(_ command: [String]) -> [String] {
        ["setpriv", "--reuid", Self.user, "--regid", "nogroup", "--clear-groups", "--"] + command
    }

    /// A setuid program of root's, as a user can run it.
    private func setuid(_ program: String) throws -> String {
        let copy = try copy(program, as: "setuid-" + (program.split(separator: "/").last ?? ""), mode: 0o4755)
        var facts = statvfs()
        guard statvfs(scratch.path, &facts) == 0, facts.f_flag & UInt(ST_NOSUID) == 0 else {
            try skip("\(scratch.path) is mounted nosuid")
        }
        return copy
    }

    @Test func `a setuid program gets its user`() throws {
        let id = try setuid("/usr/bin/id")
        let pool = try copy(Programs.pool(), as: "cgexec-pool")
        let plain = try Child.run(asUser([id]))
        let wrapped = try Child.run(asUser([pool, "exec", "--", id]))
        #expect(plain.stdout.contains("euid=0(root)"))
        #expect(wrapped.stdout == plain.stdout)
        #expect(wrapped.status == .exited(0))
    }

    @Test(.scratchCgroup)
    func `a setuid program gets its user inside a cgroup of the user's, and its time limit holds`() throws {
        let tree = try ScratchCgroup.current().make("user")
        let pool = try copy(Programs.pool(), as: "cgexec-pool")
        let shell = try setuid("/bin/bash")
        // Delegated as cgroup-v2.rst has it: the directory and these files belong to the user, who is in it already.
        let script = """
            chown nobody $1 $1/cgroup.procs $1/cgroup.subtree_control $1/cgroup.threads
            echo $$ > $1/cgroup.procs; shift
            exec "$@"
            """
        let command = asUser(
            [
                pool, "exec", "--timeout", Patience.time(500), "--json", "-", "--", shell, "-p", "-c",
                "id -u; exec sleep 1h",
            ])
        let child = try Child(["sh", "-c", script, "sh", tree] + command)
        let finish = try child.wait()
        #expect(finish.stdout == "0\n")
        #expect(finish.status == .exited(124))
        #expect(finish.stderr.contains(#""kind":"timeout""#))
        try CgroupTree.waitUntilChildless(tree)
    }

    @Test func `sudo works, and so does its exit status`() throws {
        try needProgram("/usr/bin/sudo")
        let finish = try Child.run(Programs.exec([], ["sudo", "-n", "-u", Self.user, "sh", "-c", "id -un; exit 9"]))
        #expect(finish.stdout == Self.user + "\n")
        #expect(finish.status == .exited(9))
    }

    @Test func `sudo works with a terminal`() throws {
        try needProgram("/usr/bin/sudo")
        let terminal = try Pseudoterminal()
        let child = try terminal.start(
            Programs.exec([], ["sudo", "-n", "-u", Self.user, "sh", "-c", "tty -s && id -un; exit 9"]))
        #expect(try child.wait().status == .exited(9))
        try terminal.expect(Self.user + "\r\n")
    }
}
