import Glibc
import Support
import Testing

/// What is wrong is said at once, with the documented status, and nothing is started.
@Suite struct BadInputTests {
    private let scratch: ScratchDirectory
    private let witness: String

    init() throws {
        scratch = try ScratchDirectory()
        witness = scratch.file("witness")
    }

    static let badOptions: [(options: [String], message: String)] = [
        (["--bogus"], "unknown option '--bogus'"),
        (["-x"], "unknown option '-x'"),
        (["--memory", "5XB"], "--memory: '5XB'"),
        (["--memory", "-1"], "--memory: '-1'"),
        (["--memory", "0"], "--memory: '0'"),
        (["--memory", "99999999999999999999G"], "--memory: '99999999999999999999G'"),
        (
            ["--memory", "50%"],
            "--memory: a percentage is of a pool's budget, and a single command has none: give a size"
        ),
        (["--timeout", "5 parsecs"], "--timeout: '5 parsecs'"),
        (["--timeout", "0s"], "--timeout: '0s'"),
        (["--cpu-timeout", "1d"], "--cpu-timeout: '1d'"),
        (["--cpus", "zero"], "--cpus: 'zero'"),
        (["--cpus", "0"], "--cpus: '0'"),
        (["--cpus", "4096"], "4096"),
        (["--cpuset", "3-1"], "--cpuset: '3-1'"),
        (["--cpuset", "4095"], "4095"),
        (["--cpuset", "0", "--cpus", "2"], "has only 1"),
        (["--cpu-quota", "2"], "--cpu-quota: '2'"),
        (["--cpu-weight", "0"], "--cpu-weight: '0'"),
        (["--pids", "0"], "--pids: '0'"),
        (["--on-pids", "explode"], "--on-pids: 'explode'"),
        (["--io", "nonsense"], "--io: 'nonsense'"),
        (["--files", "1"], "--files: '1'"),
        (["--delegate=yes"], "takes no value"),
        (["--size", "heavy"], "--size: 'heavy'"),
        (["--cgroup", "relative"], "--cgroup: 'relative'"),
        (["--json", "/nonexistent/record"], "/nonexistent/record"),
        (["--json", "/"], "cannot write the record to /"),
    ]

    /// Runs `exec` with a command that would leave a witness.
    private func refused(_ options: [String]) throws -> Child.Finish {
        let finish = try Child.run([Programs.pool(), "exec"] + options + ["--", "touch", witness])
        #expect(!exists(witness))
        #expect(finish.stdout == "")
        return finish
    }

    @Test func `the witness would tell`() throws {
        #expect(try Child.run(Programs.exec([], ["touch", witness])).status == .exited(0))
        #expect(exists(witness))
    }

    @Test(arguments: Patience.sample(badOptions))
    func `a bad option is refused`(options: [String], message: String) throws {
        let finish = try refused(options)
        #expect(finish.status == .exited(125))
        #expect(finish.stderr.hasPrefix("cgexec-pool exec: "))
        #expect(finish.stderr.contains(message))
        #expect(finish.stderr.split(separator: "\n").count == 1)
    }

    @Test func `every problem is said at once`() throws {
        let finish = try refused(["--bogus", "--memory", "5XB", "--timeout=soon", "--pids", "none", "--cpuset", "4095"])
        #expect(finish.status == .exited(125))
        let lines = finish.stderr.split(separator: "\n")
        #expect(lines.count == 5)
        for text in ["--bogus", "5XB", "soon", "'none'", "4095"] {
            #expect(lines.count { $0.contains(text) } == 1, "\(text)")
        }
    }

    @Test(arguments: [[], ["exec"], ["run"], ["simulate"], ["doctor"]])
    func `every command tells its version and helps`(command: [String]) throws {
        for word in ["--version", "-h", "--help"] {
            let finish = try Child.run([Programs.pool()] + command + [word])
            #expect(finish.status == .exited(0) && finish.stderr == "")
            #expect(word == "--version" ? finish.stdout == "0.1.0\n" : finish.stdout.contains("cgexec-pool"))
        }
    }

    @Test func `an option at the end needs its value`() throws {
        let finish = try Child.run([Programs.pool(), "exec", "--timeout"])
        #expect(finish.status == .exited(125))
        #expect(finish.stderr.contains("'--timeout' needs a value"))
    }

    @Test func `a command is needed`() throws {
        let finish = try Child.run([Programs.pool(), "exec", "--timeout", "1s"])
        #expect(finish.status == .exited(125))
        #expect(finish.stderr.contains("no command given"))
        let empty = try Child.run(Programs.exec([], [""]))
        #expect(empty.status == .exited(125))
        #expect(empty.stderr.contains("no program"))
    }

    // MARK: Programs that do not start

    @Test(arguments: [
        ("/nonexistent/program", 127, "No such file"),
        ("cgexec-no-such-program", 127, "not found in PATH"),
        ("/etc/passwd", 126, "execute permission"),
        ("/etc", 126, "execute permission"),
        ("/etc/passwd/x", 126, "Not a directory"),
    ])
    func `a program that cannot be started`(program: String, status: Int32, message: String) throws {
        let finish = try Child.run(Programs.exec([], [program]))
        #expect(finish.status == .exited(status))
        #expect(finish.stderr.hasPrefix("cgexec-pool exec: "))
        #expect(finish.stderr.contains(message))
    }

    @Test func `a script with a missing interpreter is not found, and one without is given to the shell`() throws {
        let broken = try scratch.write("#!/nonexistent/interpreter\n", to: "broken", mode: 0o755)
        let finish = try Child.run(Programs.exec([], [broken]))
        #expect(finish.status == .exited(127))
        #expect(finish.stderr.contains("interpreter"))
        let bare = try scratch.write("echo $1\n", to: "bare", mode: 0o755)
        #expect(try Child.run(Programs.exec([], [bare, "word"])).stdout == "word\n")
    }

    @Test func `an environment and arguments beyond the kernel's limit`() throws {
        // What was good for the start of cgexec-pool is too much with the soft stack limit lowered for the program.
        let script = """
            big=$(head -c 100000 /dev/zero | tr '\\0' a); set -- $big $big $big $big $big $big $big $big
            exec $POOL exec -- sh -c 'ulimit -S -s 512; exec $POOL exec -- touch "$@"' sh "$@"
            """
        let finish = try Child.script(script)
        #expect(finish.status == .exited(126))
        #expect(finish.stderr.contains("Argument list too long"))
    }

    // MARK: What this host cannot enforce

    /// A cgroup without controllers, on every host: the one above passes none on.
    private func bareCgroup() throws -> String {
        let scratch = try ScratchCgroup.current()
        _ = try scratch.make("outer")
        return try scratch.make("outer/bare")
    }

    @Test(
        .scratchCgroup,
        arguments: [
            (["--memory", "64MiB"], "memory"), (["--pids", "64"], "pids"), (["--cpu-quota", "50%"], "cpu"),
            (["--cpu-weight", "10"], "cpu"), (["--cpuset", "0"], "cpuset"), (["--cpus", "1"], "cpuset"),
        ])
    func `a limit whose controller is missing is refused, with cause and cure`(limit: [String], controller: String)
        throws
    {
        let finish = try refused(limit + ["--cgroup", bareCgroup()])
        #expect(finish.status == .exited(69))
        #expect(finish.stderr.contains("cannot enforce \(limit[0]): "))
        #expect(finish.stderr.contains(controller))
        let cause = finish.stderr.split(separator: ". ", maxSplits: 1)
        try #require(cause.count == 2, "a cause and a cure")
        #expect(cause[1].count > 20)
    }

    @Test(.scratchCgroup) func `all limits that cannot be enforced are told at once`() throws {
        let limits = ["--memory", "64MiB", "--pids", "64", "--cpus", "1"]
        let finish = try refused(limits + ["--cgroup", bareCgroup()])
        #expect(finish.status == .exited(69))
        for limit in ["--memory", "--pids", "--cpus"] { #expect(finish.stderr.contains("cannot enforce \(limit): ")) }
    }

    @Test func `a cgroup that does not exist is refused`() throws {
        let finish = try refused(["--cgroup", "/sys/fs/cgroup/no/such/group"])
        #expect(finish.status == .exited(125))
        #expect(finish.stderr.contains("/sys/fs/cgroup/no/such/group"))
    }

    @Test(.scratchCgroup) func `best effort runs anyway, and the record says what was not enforced`() throws {
        let file = scratch.file("record")
        let finish = try Child.run(
            Programs.exec(
                [
                    "--best-effort", "--memory", "64MiB", "--pids", "64", "--cpuset", "0", "--files", "100",
                    "--timeout", "1h",
                    "--cgroup", bareCgroup(), "--json", file,
                ], ["sh", "-c", "ulimit -n; exit 3"]))
        #expect(finish.status == .exited(3))
        #expect(finish.stdout == "100\n")
        let enforcement = try JSONValue(parsing: contents(of: file) ?? "")["enforcement"]
        #expect(enforcement?["memory"] == .text("none"))
        #expect(enforcement?["pids"] == .text("none"))
        #expect(enforcement?["cpus"] == .text("affinity"))
        #expect(enforcement?["files"] == .text("rlimit"))
        #expect(enforcement?["timeout"] == .text("scheduler"))
    }

    @Test func `the job file is not written over`() throws {
        let directory = try ScratchDirectory()
        let path = directory.file("jobs.yaml")
        let text = "jobs:\n  - {command: [\"true\"]}\n"
        _ = try Child.script("printf '%s' \"$2\" > \"$1\"", [path, text])
        let finish = try Child.run([Programs.pool(), "run", "--json", path, path])
        #expect(finish.status == .exited(2) && finish.stderr.contains("is the job file itself"), "\(finish)")
        #expect(contents(of: path) == text)
    }

    @Test func `a search in what is not captured is refused`() throws {
        let directory = try ScratchDirectory()
        let path = directory.file("jobs.yaml")
        let text = "jobs:\n  - {command: [\"true\"], stderr: discard, retry-on: 'stderr:/x/'}\n"
        _ = try Child.script("printf '%s' \"$2\" > \"$1\"", [path, text])
        let finish = try Child.run([Programs.pool(), "run", path])
        #expect(
            finish.status == .exited(2) && finish.stderr.contains("only be searched where it is captured"), "\(finish)")
    }
}
