import Glibc
import Support
import Testing

/// What `cgexec-pool run` tells people; none of it needs a host that enforces limits.
@Suite struct RunTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    /// Runs the jobs in a directory of their own.
    private func run(_ jobs: String, _ options: [String] = []) throws -> Child.Finish {
        try scratch.write(jobs, to: "jobs.yaml")
        return try Child.script("cd '\(scratch.path)' && exec \"$POOL\" run \"$@\" jobs.yaml", options)
    }

    /// The lines of a text that have this in them.
    private func lines(_ text: String, _ part: String) -> [String] {
        text.split(separator: "\n").map(String.init).filter { $0.contains(part) }
    }

    // MARK: What failed

    @Test func `what failed jobs said at last`() throws {
        let jobs = """
            - {name: says, command: [sh, -c, "seq 9 >&2; exit 3"]}
            - {name: merges, command: [sh, -c, "echo out; echo err >&2; exit 4"], stderr: stdout}
            - {name: files, command: [sh, -c, "echo err >&2; exit 5"], stderr: {file: sub/err.txt}}
            - {name: drops, command: [sh, -c, "echo err >&2; exit 6"], stderr: discard}
            - {name: counts, command: [sh, -c, "echo err >&2; exit 7"], stderr: {capture: 0}}
            - {name: silent, command: ["false"]}
            - {name: fine, command: [sh, -c, "echo fine >&2"]}
            - {name: never, command: ["true"], after: says}
            """
        let finish = try run(jobs, ["--quiet", "-j1"])
        #expect(finish.status == .exited(1))
        let expected = """
            failed: says: exit 3
                5
                6
                7
                8
                9
            failed: merges: exit 4
                out
                err
            failed: files: exit 5
                (its stderr is in sub/err.txt)
            failed: drops: exit 6
                (its stderr was discarded)
            failed: counts: exit 7
                (its stderr had 4 bytes, none of them kept)
            and 1 more job failed; --json FILE keeps what each of them said


            """
        #expect(finish.stderr == expected)
    }

    @Test func `what a failed job said moves no cursor and stays short`() throws {
        let finish = try run(#"- {name: a, command: [sh, -c, 'printf "\033[2Jx%0999d" 1 >&2; exit 1']}"#, ["-q"])
        let line = try #require(lines(finish.stderr, "[2Jx").first)
        #expect(line.hasPrefix("    \u{FFFD}[2Jx0000") && line.hasSuffix("0…") && line.count < 250)
    }

    @Test func `a reason is said with its limit`() throws {
        let jobs =
            "- {name: loud, command: [yes], output-limit: 10KiB}\n- {name: slow, command: [sleep, 99], timeout: 300ms}"
        let finish = try run(jobs)
        #expect(finish.stderr.contains("failed: loud: output: it wrote more than its output limit of 10 KiB\n"))
        #expect(finish.stderr.contains("failed: slow: timeout: it reached its time limit of 300 ms\n"))
    }

    @Test func `attempts, the fallback, and who is to blame`() throws {
        let jobs = """
            - {name: again, command: [sh, -c, "exit $((3 - CGEXEC_ATTEMPT))"], retries: 5}
            - {name: other, command: ["false"], retries: 1, fallback: ["true"]}
            - {name: lost, command: ["false"], retries: 1}
            - {name: never, command: ["true"], after: lost}
            """
        let finish = try run(jobs, ["-j1"])
        for line in [
            "| again | ok        | 3 of 6   |", "| other | ok        | fallback |", "| lost  | exit 1    | 2 of 2   |",
        ] {
            #expect(lines(finish.stdout, line).count == 1, "\(finish.stdout)")
        }
        #expect(lines(finish.stderr, "again, attempt 2 of 6, again later").count == 1, "\(finish.stderr)")
        #expect(lines(finish.stderr, "lost: exit 1, attempt 2 of 2").count == 1)
        #expect(lines(finish.stderr, "[3/4]  exit 1        lost, attempt 2 of 2").count == 1)
        #expect(lines(finish.stderr, "never  (job 'lost', which it comes after, did not succeed)").count == 1)
    }

    // MARK: Order, records, table

    @Test func `the highest priority of a file is first`() throws {
        let jobs =
            "- {name: a, command: [\"true\"]}\n- {name: b, command: [\"true\"], priority: 2}\n"
            + "- {name: c, command: [\"true\"], priority: 1}\n"
        let finish = try run(jobs, ["--jobs", "1", "--json", "-"])
        let names = try finish.stdout.split(separator: "\n").map { try JSONValue(parsing: String($0))["name"] }
        #expect(names == [.text("b"), .text("c"), .text("a")])
        #expect(finish.stderr.contains("| job | outcome |") && finish.stderr.hasSuffix("3 jobs: 3 ok\n"))
        #expect(!exists(scratch.file("-")))
    }

    @Test func `records and a job's output do not share a stream`() throws {
        let finish = try run("- {name: a, command: [echo, hi], stdout: inherit}", ["--json", "-"])
        #expect(finish.status == .exited(2) && finish.stdout == "")
        #expect(finish.stderr.contains("where the job 'a' writes as well (stdout: inherit); name a file"))
    }

    @Test func `a bar in a name ends no cell`() throws {
        let finish = try run("- {name: 'a|b', command: ['true']}", ["-q"])
        #expect(finish.stdout.contains("| a\\|b | ok "))
    }

    @Test func `records say which command it was`() throws {
        let jobs = "- {name: a, command: [\"false\"], fallback: [\"true\"]}"
        let records = try run(jobs, ["--json", "-"]).stdout.split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        #expect(records.map { $0["fallback"] } == [nil, .bool(true)])
        #expect(records.map { $0["phase"] } == [nil, nil])
    }

    // MARK: Options

    @Test(arguments: [
        (["-j1"], "1 slot (as asked)"), (["-j", "3"], "3 slots (as asked)"), (["--jobs", "3"], "3 slots (as asked)"),
        (["--jobs=3"], "3 slots (as asked)"), (["-j100%"], "(100% of "), (["--jobs", "50%"], "(50% of "),
        (["--jobs", "auto"], "CPUs"), (["--jobs", "-1"], "CPUs less 1)"), (["--jobs=-1"], "CPUs less 1)"),
        (["-j-1"], "CPUs less 1)"), (["-j", "-5"], "CPUs less 5)"),
    ])
    func `how many at once`(options: [String], reason: String) throws {
        let finish = try run("- {command: ['true']}", options)
        #expect(finish.status == .exited(0))
        #expect(finish.stderr.split(separator: "\n").first?.contains(reason) == true, "\(finish.stderr)")
    }

    @Test func `everything wrong with the options at once`() throws {
        let options = [
            "--jobs", "0", "--budget", "x", "--affinity", "y", "--cgroup", "z", "--mode", "m", "--ok-if", "o",
        ]
        let finish = try run("- {command: ['true']}", options)
        #expect(finish.status == .exited(2) && finish.stdout == "")
        for word in ["--jobs: '0'", "--budget: 'x'", "--affinity: 'y'", "--cgroup: 'z'", "--mode: 'm'", "--ok-if: 'o'"]
        {
            #expect(lines(finish.stderr, "Error: \(word)").count == 1, "\(word) in \(finish.stderr)")
        }
    }

    @Test func `a limit as an option is shown to its place`() throws {
        let finish = try run("- {command: ['true']}", ["--memory=1G"])
        #expect(finish.status == .exited(2))
        #expect(finish.stderr.contains("Limits stand in the job file: 'memory' is a key of a job, or of 'defaults'"))
    }

    @Test func `a dry run prints what a shell would read`() throws {
        let jobs = """
            - {name: "n{x}", command: [touch, "{x}", "it's", "$HOME", "", "{slot}"], sweep: {x: [a, "b c"]}, after: first}
            - {name: first, command: "echo $HOME", shell: true}
            """
        let finish = try run(jobs, ["--dry-run"])
        let expected = """
            first: /bin/sh -c 'echo $HOME'
            na: touch a 'it'\\''s' '$HOME' '' '{slot}'
            nb c: touch 'b c' 'it'\\''s' '$HOME' '' '{slot}'

            """
        #expect(finish.status == .exited(0) && finish.stdout == expected && finish.stderr == "", "\(finish)")
        #expect(!exists(scratch.file("a")))
        #expect(try run("- {command: [nosuchprogram]}", ["--dry-run"]).status == .exited(2))
    }

    @Test(arguments: [
        ("rum", "there is no command 'rum'; did you mean 'run'?"),
        ("sleep", "'cgexec-pool exec -- CMD' runs one command"),
        ("jobs.yaml", "'cgexec-pool run FILE' the jobs of a file"),
    ])
    func `a word that is no command`(word: String, message: String) throws {
        let finish = try Child.run([Programs.pool(), word, "x"])
        #expect(finish.status == .exited(2) && finish.stderr.contains(message), "\(finish.stderr)")
    }

    @Test func `a command in one word is shown to the shell`() throws {
        let finish = try Child.run(Programs.exec([], ["echo 'a' | wc"]))
        #expect(finish.status == .exited(127))
        #expect(
            finish.stderr.hasSuffix(#"write: cgexec-pool exec -- sh -c 'echo '\''a'\'' | wc'"# + "\n"),
            "\(finish.stderr)")
        let job = try run("- {command: ['gzip -9 x']}")
        #expect(job.status == .exited(2) && job.stderr.contains("of its own, as in [gzip, -9, x]"), "\(job.stderr)")
    }

    @Test func `where the budget comes from`() throws {
        let usual = try run("- {command: ['true']}")
        #expect(usual.stderr.split(separator: "\n").first?.hasSuffix(" for the system)") == true, "\(usual.stderr)")
    }

    @Test func `the doctor gives each cure once`() throws {
        let all = try Child.run([Programs.pool(), "doctor"]).stdout.split(separator: "\n")
        let lines = all.prefix { $0 != "What may disturb measurements:" }
        let cures = lines.filter { $0.contains("→") }
        #expect(zip(cures, cures.dropFirst()).allSatisfy { $0 != $1 }, "\(lines)")
        let findings = lines.filter { $0.hasPrefix("NO ") }
        #expect(findings.isEmpty == cures.isEmpty)
    }

    // MARK: What this host cannot enforce

    /// A cgroup without controllers, on every host: the one above passes none on.
    private func bareCgroup() throws -> String {
        let scratch = try ScratchCgroup.current()
        _ = try scratch.make("outer")
        return try scratch.make("outer/bare")
    }

    @Test(.scratchCgroup) func `what cannot be enforced is refused at its place, with the ways out`() throws {
        let jobs =
            "defaults: {pids: 9}\njobs:\n- {name: a, command: ['true']}\n- {name: b, command: ['true'], memory: 1MiB}\n"
        let cgroup = try bareCgroup()
        let finish = try run(jobs, ["--budget", "1GiB", "--cgroup", cgroup])
        #expect(finish.status == .exited(69) && finish.stdout == "")
        #expect(
            lines(finish.stderr, "jobs.yaml:1:18: defaults.pids: cannot enforce --pids: ").count == 1,
            "\(finish.stderr)")
        #expect(lines(finish.stderr, "jobs.yaml:4:40: jobs[1].memory: cannot enforce --memory: ").count == 1)
        #expect(lines(finish.stderr, "cgexec-pool run: cannot enforce --budget: ").count == 1)
        let last = try #require(finish.stderr.split(separator: "\n").last)
        #expect(last.hasPrefix("Nothing was started: '--best-effort' runs it") && last.contains("cgexec-pool doctor"))

        let anyway = try run(jobs, ["--best-effort", "--cgroup", cgroup])
        #expect(anyway.status == .exited(0))
        #expect(lines(anyway.stderr, "cannot fully enforce --memory, --pids, as").count == 1, "\(anyway.stderr)")
    }
}
