import CGExec
import Glibc
import Support
import SystemPackage
import Testing

@testable import cgexec_pool

@Suite struct PreflightTests {
    /// A host with two CPUs and a handful of files.
    private var preflight: Preflight {
        let programs: Set = ["/bin/true", "/opt/tool", "/srv/./run", "./local", "/srv/bin/p"]
        let host = HostFacts(
            allowed: CPUSet([0, 1]), budget: .gib(4), environment: ["PATH": "/usr/bin:/bin", "HOME": "/home"],
            arguments: .init(single: 1000, total: 10_000))
        let files = FileSystem(
            read: { $0 == "in.txt" ? nil : $0 == "secret" ? .permissionDenied : .noSuchFileOrDirectory },
            write: { $0.hasPrefix("out/") ? nil : .noSuchFileOrDirectory },
            execute: { programs.contains($0) ? nil : $0 == "/bin/plain" ? .permissionDenied : .noSuchFileOrDirectory },
            enter: { $0 == "/srv" ? nil : $0 == "/etc/passwd" ? .notDirectory : .noSuchFileOrDirectory })
        return Preflight(host: host, files: files)
    }

    private func found(_ text: String) -> [String] {
        let read = reading(text)
        return lines(Problems(file: "f", read.problems + preflight.problems(of: read.file)))
    }

    @Test(arguments: [
        "command: ['true']", "{command: [/opt/tool]}", "{command: [./run], cwd: /srv}", "{command: [./local]}",
        "{command: [p], env: {PATH: bin}, cwd: /srv}", "{command: 'no such thing', shell: true}",
        "{command: ['/opt/{slot}']}",
        "{command: [/opt/tool], stdin: in.txt, stdout: {file: out/a}, stderr: {append: out/b}}",
        "{command: [/opt/tool], stdin: '{slot}', stdout: {file: '{attempt}'}, cwd: '/{slot}'}",
        "{command: [/opt/tool], fallback: [/opt/tool]}", "{command: [/opt/tool], fallback: ['{slot}']}",
        "{command: [/opt/tool], restart-on-timeout: true, timeout: 1s}",
        "{command: [/opt/tool], memory: 4GiB, need: 100%, cpus: 2, cpuset: 0-1}",
    ])
    func `nothing against it`(job: String) {
        #expect(found("- \(job)") == [])
    }

    @Test(arguments: [
        (
            "command: [nosuch]",
            "1:13: jobs[0].command[0]: there is no program 'nosuch' in PATH (/usr/bin:/bin); install it, or write its path"
        ),
        (
            "{command: [a], env: {PATH: /x}}",
            "1:14: jobs[0].command[0]: there is no program 'a' in PATH (/x); install it, or write its path"
        ),
        (
            "command: [plain]",
            "1:13: jobs[0].command[0]: '/bin/plain' may not be executed; chmod +x it, or name another program"
        ),
        (
            "command: [./run]",
            "1:13: jobs[0].command[0]: the program './run' cannot be executed: No such file or directory; correct the path, or chmod +x it"
        ),
        (
            "{command: [/opt/tool], cwd: /nowhere}",
            "1:31: jobs[0].cwd: '/nowhere' cannot be the working directory: No such file or directory; make it first, or correct the path"
        ),
        (
            "{command: [/opt/tool], cwd: /etc/passwd}",
            "1:31: jobs[0].cwd: '/etc/passwd' cannot be the working directory: Not a directory; make it first, or correct the path"
        ),
        (
            "{command: [/opt/tool], stdin: secret}",
            "1:33: jobs[0].stdin: 'secret' cannot be read: Permission denied; correct the path or the permissions"
        ),
        (
            "{command: [/opt/tool], stdout: {file: a}}",
            "1:41: jobs[0].stdout.file: 'a' cannot be written: No such file or directory; correct the path or the permissions"
        ),
        (
            "{command: [/opt/tool], memory: 5G}",
            "1:34: jobs[0].memory: 5 GiB is more than the budget of 4 GiB: lower it, or raise the budget"
        ),
        (
            "{command: [/opt/tool], need: 5G}",
            "1:32: jobs[0].need: 5 GiB is more than the budget of 4 GiB: lower it, or raise the budget"
        ),
        (
            "{command: [/opt/tool], need: 2G, memory: 1G}",
            "1:32: jobs[0].need: 2 GiB is more than the memory limit of 1 GiB"
        ),
        ("{command: [/opt/tool], cpus: 3}", "1:32: jobs[0].cpus: 3 asked for, but only 2 may be used here (0-1)"),
        (
            "{command: [/opt/tool], cpuset: 1-3}",
            "1:34: jobs[0].cpuset: CPUs 2-3 may not be used here: choose from 0-1"
        ),
        ("{command: [/opt/tool], cpus: 2, cpuset: '0'}", "1:32: jobs[0].cpus: 2 asked for, but cpuset 0 has only 1"),
        (
            "{command: [/opt/tool], fallback: [nosuch, x]}",
            "1:37: jobs[0].fallback[0]: there is no program 'nosuch' in PATH (/usr/bin:/bin); install it, or write its path"
        ),
        (
            "{command: 'no such thing', shell: true, fallback: [./run]}",
            "1:54: jobs[0].fallback[0]: the program './run' cannot be executed: No such file or directory; correct the path, or chmod +x it"
        ),
        (
            "{command: [/opt/tool], restart-on-timeout: true}",
            "1:46: jobs[0].restart-on-timeout: there is no time that could be over: set timeout"
        ),
        (
            "{command: [/opt/tool], on-pids: kill}",
            "1:35: jobs[0].on-pids: it needs a number of processes: set pids"
        ),
        (
            "{command: [/opt/tool], cwd: /srv, stdin: in.txt}",
            "1:44: jobs[0].stdin: '/srv/in.txt' cannot be read: No such file or directory; correct the path or the permissions"
        ),
    ])
    func `what speaks against it`(job: String, expected: String) {
        #expect(found("- \(job)") == [expected])
    }

    @Test func `a sweep's problems are one line`() {
        let text = "- {command: [/opt/tool], stdin: 'd{x}', sweep: {x: 1..50}}"
        #expect(
            found(text) == [
                "1:33: jobs[0].stdin: 'd1' cannot be read: No such file or directory; correct the path or the permissions (and the same in 49 more jobs)"
            ])
    }

    @Test func `the defaults' problems are one line`() {
        let text =
            "defaults: {memory: 9G}\njobs: [{command: [/opt/tool]}, {command: [/opt/tool]}, {command: [/opt/tool], memory: 1G}]"
        #expect(
            found(text) == [
                "1:20: defaults.memory: 9 GiB is more than the budget of 4 GiB: lower it, or raise the budget (and the same in 1 more job)"
            ])
    }

    @Test func `problems of the text and of the host come together`() {
        #expect(found("- {command: [nosuch], memory: 1X}\n- {command: [nosuch], oops: 1}").count == 4)
    }

    @Test(arguments: [
        // The placeholder is wrong, and so is the program; what the placeholder is part of is not judged.
        ("{command: [nosuch, '{x}'], stdin: '{y}.txt'}", ["{x}", "{y}", "'nosuch'"]),
        ("{command: ['{x}']}", ["{x}"]),
        ("{command: [nosuch, '{x}'], sweep: {x: 9..1}, stdin: '{x}', size: '{x}'}", ["9..1", "'nosuch'"]),
        ("{command: text, memory: 9G}", ["a command is a list", "more than the budget"]),
        ("{memory: 9G}", ["no command", "more than the budget"]),
        ("{command: [nosuch], cwd: [a]}", ["a single value"]),
        ("{command: [nosuch], env: {PATH: ~}}", ["no value"]),
        ("{command: [nosuch], cwd: /nowhere, memory: 9G}", ["/nowhere", "more than the budget"]),
    ])
    func `what is wrong hides nothing else, and is not told twice`(job: String, parts: [String]) {
        let lines = found("- \(job)")
        #expect(lines.count == parts.count, "\(lines)")
        for part in parts { #expect(lines.contains { $0.contains(part) }, "\(part) in \(lines)") }
    }

    @Test func `arguments longer than the kernel takes`() {
        let text = String(repeating: "x", count: 1000)
        let single = found("- command: [/opt/tool, \(text)]")
        #expect(
            single == [
                "1:12: jobs[0].command: an argument or variable has 1000 bytes, where the kernel takes 999; pass it in a file or by stdin"
            ])
        let variable = found("- command: [/opt/tool]\n  env: {A: \(text)}")
        #expect(variable.first?.hasPrefix("1:12: jobs[0].command: an argument or variable has 1002 bytes") == true)
        let many = Array(repeating: String(repeating: "y", count: 900), count: 10).joined(separator: ", ")
        let total = found("- command: [/opt/tool, \(many)]")
        // 10 × (900 + 1 + 8), the program, PATH and HOME with their ends and pointers, and 4096 for the pool's own.
        #expect(
            total == [
                "1:12: jobs[0].command: arguments and environment have 13250 bytes, where the kernel takes 10000; pass them in a file or by stdin"
            ])
    }

    @Test func `a list of 10 MB is one problem`() {
        let argument = String(repeating: "z", count: 100)
        let list = Array(repeating: "\"\(argument)\"", count: 100_000).joined(separator: ",")
        let read = reading("[{\"command\": [\"/opt/tool\",\(list)]}]", .json)
        let found = preflight.problems(of: read.file)
        #expect(read.problems.isEmpty)
        #expect(found.count == 1)
        #expect(found.first?.message.hasPrefix("arguments and environment have") == true)
    }

    @Test func `the kernel's numbers are plausible`() {
        let current = HostFacts.ArgumentLimits.current
        #expect(current.single == 131_072)
        #expect((131_072...(6 << 20)).contains(current.total))
    }

    @Test func `this host's files`() {
        let files = FileSystem.real
        #expect(files.execute("/bin/sh") == nil)
        #expect(files.execute("/tmp") == .permissionDenied)
        #expect(files.execute("/etc/passwd") == .permissionDenied)
        #expect(files.execute("/nosuch") == .noSuchFileOrDirectory)
        #expect(files.enter("/tmp") == nil)
        #expect(files.enter("/bin/sh") == .notDirectory)
        #expect(files.enter("/nosuch") == .noSuchFileOrDirectory)
        #expect(files.read("/etc/passwd") == nil)
        #expect(files.read("/tmp") == .isDirectory)
        #expect(files.read("/nosuch") == .noSuchFileOrDirectory)
        #expect(files.write("/tmp") == .isDirectory)
        #expect(files.write("/tmp/cgexec-no-such-file") == nil)
        #expect(files.write("/etc/passwd/file") == .notDirectory)
    }

    @Test func `output files may be where a directory is to be made`() throws {
        let files = FileSystem.real
        let scratch = try ScratchDirectory()
        try scratch.write("", to: "plain")
        #expect(symlink("nowhere", scratch.file("link")) == 0)
        #expect(files.write(scratch.file("a/b/c")) == nil)
        #expect(files.write(scratch.file("plain/b/c")) == .notDirectory)
        #expect(files.write(scratch.file("link/c")) == .noSuchFileOrDirectory)
    }
}
