import CGExec
import Testing

@testable import cgexec_pool

@Suite struct JobKeysTests {
    private func job(_ keys: String) throws -> Job {
        try #require(
            try jobs("- command: [prog, arg]\n" + keys.split(separator: "\n").map { "  \($0)\n" }.joined()).first)
    }

    @Test func `a command is enough`() throws {
        let all = try jobs("- command: [/usr/bin/sort, x]\n- command: [uniq]\n")
        #expect(all == [Job("sort-1", ["/usr/bin/sort", "x"]), Job("uniq-2", ["uniq"])])
    }

    @Test func `a list, a mapping, JSON and JSONL give the same`() throws {
        let expected = [Job("a", ["x", "1"], limits: Limits(pids: 5))]
        #expect(try jobs("- {name: a, command: [x, 1], pids: 5}") == expected)
        #expect(try jobs("jobs: [{name: a, command: [x, 1], pids: 5}]") == expected)
        #expect(try jobs(#"{"jobs": [{"name": "a", "command": ["x", 1], "pids": 5}]}"#, .json) == expected)
        #expect(try jobs(#"[{"name": "a", "command": ["x", "1"], "pids": "5"}]"#, .json) == expected)
        #expect(try jobs(#"{"name": "a", "command": ["x", "1"], "pids": 5}"#, .jsonl) == expected)
    }

    @Test func `every limit by its word`() throws {
        let values = [
            "memory": "64MiB", "need": "10%", "swap": "0", "cpus": "2", "cpuset": "0-3", "mems": "0",
            "cpu-quota": "150%",
            "cpu-weight": "100", "pids": "9", "on-pids": "kill", "io": "/dev/sda rbps=1M", "timeout": "5m",
            "cpu-timeout": "60s",
            "grace": "0", "output-limit": "10MiB", "files": "1024", "core": "0", "thrash": "full>60% for 10s",
            "delegate": "true",
        ]
        #expect(
            Set(values.keys) == Set(LimitOption.all.map(\.name)),
            "a new limit needs a row here and in docs/job-files.md")
        var expected = Limits()
        for (word, value) in values { try #require(LimitOption.named(word)).apply(value, to: &expected) }
        let keys = values.map { "\($0): \"\($1)\"" }.joined(separator: "\n")
        #expect(try job(keys).limits == expected)
    }

    @Test func `io takes one or a list`() throws {
        let one = try IOLimit(parsing: "/dev/sda rbps=1M")
        let two = try IOLimit(parsing: "8:0 wiops=5")
        #expect(try job("io: /dev/sda rbps=1M").limits.io == [one])
        #expect(try job("io: [/dev/sda rbps=1M, '8:0 wiops=5']").limits.io == [one, two])
    }

    @Test func `texts, directory, category and size`() throws {
        let job = try job("name: N\ndescription: 'about: it'\ncwd: /tmp\ncategory: C\nsize: 2.5\nenv: {A: 1, B: true}")
        #expect(job.name == "N")
        #expect(job.description == "about: it")
        #expect(job.directory == "/tmp")
        #expect(job.category == "C")
        #expect(job.size == 2.5)
        #expect(job.environment == ["A": "1", "B": "true"])
        #expect(job.params.isEmpty)
    }

    @Test func `shell`() throws {
        let all = try jobs("- {command: 'a | b', shell: true}\n- {command: [a], shell: false}")
        #expect(all.map(\.command) == [["/bin/sh", "-c", "a | b"], ["a"]])
    }

    @Test(arguments: [
        ("null", Job.Input.null), ("~", .null), ("'null'", .null), ("inherit", .inherit),
        ("data.txt", .file("data.txt")),
        ("{file: 'null'}", .file("null")), ("./null", .file("./null")),
    ])
    func `standard input`(text: String, expected: Job.Input) throws {
        #expect(try job("stdin: \(text)").stdin == expected)
    }

    @Test(
        arguments: ["stdout", "stderr"],
        [
            ("capture", Job.Output.capture(.kib(64))), ("{capture: 1MiB}", .capture(.mib(1))),
            ("{file: a b}", .file("a b")),
            ("{append: a}", .append("a")), ("discard", .discard), ("inherit", .inherit),
        ])
    func `output streams`(stream: String, row: (text: String, expected: Job.Output)) throws {
        let job = try job("\(stream): \(row.text)")
        #expect((stream == "stdout" ? job.stdout : job.stderr) == row.expected)
        #expect((stream == "stdout" ? job.stderr : job.stdout) == nil)
    }

    @Test func `standard error into standard output`() throws {
        #expect(try job("stderr: stdout").stderr == .stdout)
    }

    @Test func `pool settings`() throws {
        let text = """
            pool: {jobs: 50%, budget: 8GiB, affinity: l3, partition: isolated, cgroup: /a/b, best-effort: true}
            jobs: [{command: [x]}]
            """
        var expected = PoolConfiguration(
            jobs: .fraction(0.5), budget: .gib(8), affinity: .l3, cgroup: "/a/b", bestEffort: true)
        expected.partition = .isolated
        #expect(try reading(text).checked().pool == expected)
        #expect(try reading("- command: [x]").checked().pool == PoolConfiguration())
    }

    @Test func `defaults are merged key by key`() throws {
        let text = """
            defaults:
              memory: 1GiB
              pids: 10
              io: /dev/sda rbps=1M
              env: {A: 1, B: 2}
              cwd: /tmp
              stdin: inherit
              stdout: discard
              stderr: stdout
              category: D
              size: 3
              description: d
              shell: true
            jobs:
              - command: a
              - command: [b]
                shell: false
                memory: 2GiB
                io: /dev/sdb wbps=1M
                env: {B: 3, C: 4}
                cwd: /var
                stdin: null
                stdout: inherit
                stderr: capture
                category: E
                size: 0
                description: e
            """
        let all = try jobs(text)
        var limits = Limits(memory: .gib(1), pids: 10)
        limits.io = [try IOLimit(parsing: "/dev/sda rbps=1M")]
        #expect(
            all.first
                == Job(
                    "sh-1", ["/bin/sh", "-c", "a"], limits: limits, category: "D", size: 3,
                    environment: ["A": "1", "B": "2"],
                    directory: "/tmp", stdin: .inherit, stdout: .discard, stderr: .stdout, description: "d"))
        limits.memory = .gib(2)
        limits.io = [try IOLimit(parsing: "/dev/sdb wbps=1M")]
        #expect(
            all.last
                == Job(
                    "b-2", ["b"], limits: limits, category: "E", environment: ["A": "1", "B": "3", "C": "4"],
                    directory: "/var",
                    stdout: .inherit, stderr: .capture(Job.captureCap), description: "e"))
    }

    @Test func `placeholders everywhere they may stand`() throws {
        let text = """
            - name: "n{x}"
              command: [p, "{x}", "{name}", "{seq}", {x}]
              description: "d{x}"
              env: {V: "{x}"}
              cwd: "/{x}"
              stdin: "{x}.in"
              stdout: {file: "{x}.out"}
              stderr: {append: "{name}.err"}
              category: "c{x}"
              size: {x}
              sweep: {x: [7]}
            """
        #expect(
            try jobs(text) == [
                Job(
                    "n7", ["p", "7", "n7", "1", "7"], category: "c7", size: 7, environment: ["V": "7"], directory: "/7",
                    stdin: .file("7.in"), stdout: .file("7.out"), stderr: .append("n7.err"), description: "d7",
                    params: ["x": "7"])
            ])
    }

    @Test func `slot and attempt are filled in at the start, once`() throws {
        let text = """
            - name: j
              command: [p, "{slot}", "{{slot}}", "{f}", "${slot}"]
              env: {A: "{attempt}"}
              cwd: "/scratch/{slot}"
              stdin: "{slot}.in"
              stdout: {file: "{f}-{attempt}.out"}
              stderr: {append: "{slot}.err"}
              sweep: {f: ["{slot}"]}
            """
        let planned = try #require(try reading(text).checked().jobs.first)
        #expect(planned.job.command == ["p", "{slot}", "{slot}", "{slot}", "${slot}"])
        let started = planned.job(slot: 3, attempt: 2)
        #expect(started.command == ["p", "3", "{slot}", "{slot}", "${slot}"])
        #expect(started.environment == ["A": "2"])
        #expect(started.directory == "/scratch/3")
        #expect(started.stdin == .file("3.in"))
        #expect(started.stdout == .file("{slot}-2.out"))
        #expect(started.stderr == .append("3.err"))
        #expect(started.name == "j")
        #expect(started.params == ["f": "{slot}"])
    }

    @Test func `a job with nothing open starts as it was read`() throws {
        let planned = try #require(try reading("- {command: ['{x}'], sweep: {x: [a]}, size: 3}").checked().jobs.first)
        #expect(planned.job(slot: 1, attempt: 1) == planned.job)
    }
}
