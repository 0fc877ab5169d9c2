import CGExec
import Testing

@testable import cgexec_pool

@Suite struct ProblemTests {
    @Test func `all problems at once, in the order of the file`() throws {
        let text = """
            pool:
              jobs: many
              budgt: 1G
            defaults:
              memory: 512MX
              name: x
            jobs:
              - comand: [a]
              - command: [a]
                timeout: 5 minutes
                cpus: 1.5
                stdout: stdout
                env: {A: [1]}
              - nothing
            """
        let error = #expect(throws: Problems.self) { try reading(text).checked() }
        let expected = """
            test:2:9: pool.jobs: 'many' is not valid: expected auto, a number, a percentage of the CPUs such as 50%, or -N for all but N
            test:3:3: pool.budgt: unknown key 'budgt'; did you mean 'budget'?
            test:5:11: defaults.memory: '512MX' is not valid: expected a size such as 64MiB, 2G or 4096 (K M G T are powers of 1024, kB MB of 1000)
            test:6:3: defaults.name: 'name' cannot be a default; write it in each job
            test:8:5: jobs[0].comand: unknown key 'comand'; did you mean 'command'?
            test:10:14: jobs[1].timeout: '5 minutes' is not valid: expected a time such as 500ms, 90s, 5m or 2h
            test:11:11: jobs[1].cpus: '1.5' is not valid: expected a whole number from 1 to 65535
            test:12:13: jobs[1].stdout: 'stdout' is for stderr only: there it sends both streams to one place
            test:13:14: jobs[1].env.A: expected a single value, not a list
            test:14:5: jobs[2]: a job is a mapping with keys such as command, not a single value
            10 problems; nothing was started
            """
        #expect(try #require(error).description == expected)
    }

    @Test(arguments: [
        (
            "command: gzip -9 x", "12", "command",
            "a command is a list, such as [gzip, -9, data.txt]; add shell: true to have /bin/sh read a single text"
        ),
        (
            "{command: [a], shell: true}", "13", "command",
            "with shell: true the command is one text, not a list; write it as one, or say shell: false"
        ),
        ("command: []", "12", "command", "the list is empty; its first element is the program"),
        ("command: ['']", "13", "command[0]", "the program is empty"),
        ("command: [a, {b: c}]", "16", "command[1]", "expected a single value, not a mapping"),
        ("command: [a, ~]", "16", "command[1]", "there is no value; write one, quoted if it is null, ~ or empty"),
        ("command:", "11", "command", "there is no value; write one, quoted if it is null, ~ or empty"),
        (#"command: [a, "b\0c"]"#, "16", "command[1]", "a zero byte, which no argument, path or variable can hold"),
        ("{command: [a], shell: yes}", "25", "shell", "'yes' is not valid: expected true or false"),
        ("{command: [a], Memory: 1G}", "18", "Memory", "unknown key 'Memory'; did you mean 'memory'?"),
        (
            "{command: [a], cpu_timeout: 1}", "18", "cpu_timeout",
            "unknown key 'cpu_timeout'; did you mean 'cpu-timeout'?"
        ),
        ("{command: [a], cpuTimeout: 1}", "18", "cpuTimeout", "unknown key 'cpuTimeout'; did you mean 'cpu-timeout'?"),
        ("{cmd: [a]}", "4", "cmd", "unknown key 'cmd'; did you mean 'command'?"),
        ("{command: [a], colour: 1}", "18", "colour", "unknown key 'colour'; docs/job-files.md has all that there are"),
        ("{command: [a], depends_on: b}", "18", "depends_on", "unknown key 'depends_on'; did you mean 'after'?"),
        (
            "{command: [a], memory: '{m}MiB', sweep: {m: [1]}}", "26", "memory",
            "'memory' takes no placeholders such as {m}; write a job for each value"
        ),
        (
            "{command: [a], priority: {seq}}", "28", "priority",
            "'priority' takes no placeholders such as {seq}; write a job for each value"
        ),
        ("{command: [a], timoeut: 1}", "18", "timoeut", "unknown key 'timoeut'; did you mean 'timeout'?"),
        ("{command: [a], memory: 1G, need: [1]}", "36", "need", "expected a single value, not a list"),
        ("{command: [a], memory: 0}", "26", "memory", "'0' is not valid: expected a size above 0"),
        (
            "{command: [a], stdout: out.txt}", "26", "stdout",
            "'out.txt' is none of capture, discard, inherit; for a file write {file: out.txt}, or {append: …} to keep what it has"
        ),
        (
            "{command: [a], stderr: stdou}", "26", "stderr",
            "'stdou' is none of capture, discard, inherit, stdout; did you mean 'stdout'? for a file write {file: stdou}, or {append: …} to keep what it has"
        ),
        (
            "{command: [a], stdout: {file: a, append: b}}", "26", "stdout",
            "expected exactly one of {file: PATH}, {append: PATH} or {capture: SIZE}"
        ),
        ("{command: [a], stdout: {fiel: a}}", "27", "stdout.fiel", "unknown key 'fiel'; did you mean 'file'?"),
        (
            "{command: [a], stdout: {capture: 1X}}", "36", "stdout.capture",
            "'1X' is not valid: expected a size such as 64MiB, 2G or 4096 (K M G T are powers of 1024, kB MB of 1000)"
        ),
        (
            "{command: [a], stdout: [a]}", "26", "stdout",
            "expected capture, discard, inherit or {file: PATH}, {append: PATH} or {capture: SIZE}, not a list"
        ),
        ("{command: [a], env: [A=1]}", "23", "env", "env is a mapping of keys to values, not a list"),
        (
            "{command: [a], env: {A=B: 1}}", "24", "env.A=B",
            "'A=B' cannot be the name of a variable: it is empty or has a = or a zero byte"
        ),
        (
            "{command: [a], size: big}", "24", "size",
            "'big' is not a size: expected a number from 0 on, such as 9 or 2.5"
        ),
        ("{command: [a], size: -1}", "24", "size", "'-1' is not a size: expected a number from 0 on, such as 9 or 2.5"),
        (
            "{command: [a], size: inf}", "24", "size",
            "'inf' is not a size: expected a number from 0 on, such as 9 or 2.5"
        ),
        ("{command: [a], name: ''}", "24", "name", "the name is empty"),
        (
            "{command: [a], sweep: {}}", "25", "sweep",
            "the sweep has no variable; write one, such as n: [1, 2, 4], or remove the key"
        ),
        ("{command: [a], sweep: [1]}", "25", "sweep", "sweep is a mapping of keys to values, not a list"),
    ])
    func `one wrong key`(job: String, column: String, key: String, message: String) {
        #expect(problems("- \(job)\n") == ["1:\(column): jobs[0].\(key): \(message)"])
    }

    @Test(arguments: [
        (
            "command: ['{nope}']",
            "the placeholder {nope} is not declared for jobs[0]; add 'nope' to its sweep, or write {{nope}} if the text itself is meant"
        ),
        (
            "command: [a, '{slto}']",
            "the placeholder {slto} is not declared for jobs[0]; did you mean {slot}? Else add 'slto' to its sweep, or write {{slto}} if the text itself is meant"
        ),
        (
            "{command: [a, '{lvel}'], sweep: {level: [1]}}",
            "the placeholder {lvel} is not declared for jobs[0]; did you mean {level}? Else add 'lvel' to its sweep, or write {{lvel}} if the text itself is meant"
        ),
        ("{command: [a, '{x.stme}'], sweep: {x: [1]}}", "{x.stme} is not a part of x; did you mean {x.stem}?"),
        (
            "{command: [a, '{x.foo}'], sweep: {x: [1]}}",
            "{x.foo} is not a part of x; the parts are stem, name, dir, ext"
        ),
        ("command: [a, '{seq.stem}']", "{seq.stem}: only variables of a sweep have parts; write {seq}"),
        (
            "command: [awk, '{print}']",
            "the placeholder {print} is not declared for jobs[0]; add 'print' to its sweep, or write {{print}} if the text itself is meant"
        ),
        (
            "{command: 'echo {nope}', shell: true}",
            "the placeholder {nope} is not declared for jobs[0]; add 'nope' to its sweep, or write {{nope}} if the text itself is meant"
        ),
        (
            "{command: [a], env: {A: '{nope}'}}",
            "the placeholder {nope} is not declared for jobs[0]; add 'nope' to its sweep, or write {{nope}} if the text itself is meant"
        ),
        (
            "{command: [a], name: 'x{slot}'}",
            "{slot} is known only when the job starts, so it can stand in command, fallback, env, cwd and paths only"
        ),
        (
            "{command: [a], size: {attempt}}",
            "{attempt} is known only when the job starts, so it can stand in command, fallback, env, cwd and paths only"
        ),
        ("{command: [a], name: 'x{name}'}", "the name cannot contain {name}"),
        ("command: ['./{name}']", "{name} is made from the program; give the job a name"),
    ])
    func `placeholders without a value`(job: String, message: String) throws {
        let found = problems("- \(job)\n")
        #expect(found.count == 1)
        #expect(try #require(found.first).hasSuffix(": \(message)"), "\(found)")
    }

    @Test(arguments: [
        "command: [awk, '{print $1}']",
        "command: [a, '{}', '{ x }', '{{.Name}}', '{1..2}', '{a,b}', '{{nope}}', '{foo.bar}', '${HOME}']",
        "{command: 'f() { echo ${name}; }; f {1..3}', shell: true}", "{command: [a], name: 'x{seq}'}",
        "{command: [a, '{name}'], name: x}",
    ])
    func `what only looks like a placeholder`(job: String) throws {
        #expect(try jobs("- \(job)\n").count == 1)
    }

    @Test func `a placeholder of the defaults is one problem, however many jobs`() {
        let text =
            "defaults: {stdout: {append: '{n}.log'}}\njobs:\n- {command: [a], sweep: {n: [1]}}\n- {command: [b]}\n- {command: [c]}\n"
        #expect(
            problems(text) == [
                "1:29: defaults.stdout.append: the placeholder {n} is not declared for jobs[1]; add 'n' to its sweep, "
                    + "or write {{n}} if the text itself is meant (and the same in 1 more job)"
            ])
    }

    @Test(arguments: [
        ("{pool: {jobs: 0}, jobs: [{command: [a]}]}", "1:15: pool.jobs: '0' is not valid: expected auto"),
        ("{pool: {budget: 0}, jobs: [{command: [a]}]}", "1:17: pool.budget: '0' is not valid: expected a size above 0"),
        (
            "{pool: {affinity: cores}, jobs: [{command: [a]}]}",
            "1:19: pool.affinity: 'cores' is not valid: expected one of none, thread, core, l2, l3, numa, package, or"
        ),
        (
            "{pool: {cgroup: a/b}, jobs: [{command: [a]}]}",
            "1:17: pool.cgroup: 'a/b' is not an absolute path; start it with /"
        ),
        (
            "{pool: {best_effort: true}, jobs: [{command: [a]}]}",
            "1:9: pool.best_effort: unknown key 'best_effort'; did you mean 'best-effort'?"
        ),
        (
            "{pool: {memory: 1G}, jobs: [{command: [a]}]}",
            "1:9: pool.memory: unknown key 'memory'; did you mean 'budget'?"
        ),
        (
            "{pool: {colour: 1}, jobs: [{command: [a]}]}",
            "1:9: pool.colour: unknown key 'colour'; docs/job-files.md has all that there are"
        ),
        ("{pool: [], jobs: [{command: [a]}]}", "1:8: pool: pool is a mapping of keys to values, not a list"),
        ("{job: [{command: [a]}]}", "1:1: the key jobs is missing"),
        ("{jobs: []}", "1:8: jobs: the list has no job"),
        ("{jobs: {command: [a]}}", "1:8: jobs: expected a list of jobs, not a mapping"),
        ("{command: [a]}", "1:1: the key jobs is missing"),
        ("{defaults: 5, jobs: [{command: [a]}]}", "1:12: defaults: defaults are a mapping"),
        ("{defaults: {sweep: {x: [1]}}, jobs: [{command: [a]}]}", "1:13: defaults.sweep: 'sweep' cannot be a default"),
    ])
    func `one wrong key above the jobs`(text: String, start: String) throws {
        #expect(try #require(problems(text).first).hasPrefix(start), "\(problems(text))")
    }

    @Test func `keys that stand twice, in JSON at the second`() {
        let text = "[{\"command\": [\"a\"], \"pids\": 1,\n \"pids\": 2, \"env\": {\"A\": 1, \"A\": 2}}]"
        #expect(
            problems(text, .json) == [
                "2:2: jobs[0].pids: stands twice, first in line 1, column 21; keep one",
                "2:29: jobs[0].env.A: stands twice, first in line 2, column 21; keep one",
            ])
    }

    @Test func `messages stay short, on one line and harmless`() throws {
        let long = String(repeating: "x", count: 100_000)
        let found = problems("- command: [a]\n  memory: \"\(long)\"\n  \"\\e[31m\\n\": 1\n  pids: \"\\e\\n\"\n")
        #expect(found.count == 3)
        for line in found {
            #expect(line.utf8.count < 500)
            #expect(!line.contains("\u{1B}"))
        }
    }

    @Test func `rendered like a compiler's`() {
        let one = Problems(file: "a.yaml", [Problem(Position(line: 3, column: 4), "m")])
        #expect(one.description == "a.yaml:3:4: m\n1 problem; nothing was started")
        let two = Problems(
            file: "-",
            [
                Problem(Position(line: 10, column: 1), "c"), Problem(Position(line: 2, column: 9), "a"),
                Problem(Place(position: Position(line: 2, column: 9), path: "jobs[0]"), "b"),
            ])
        #expect(
            two.description
                == "<stdin>:2:9: a\n<stdin>:2:9: jobs[0]: b\n<stdin>:10:1: c\n3 problems; nothing was started")
    }

    @Test(arguments: [
        ("memory", "memory"), ("memroy", "memory"), ("MEMORY", "memory"), ("memor", "memory"), ("cpu", "cpus"),
        ("on_pids", "on-pids"),
        ("mem", "memory"), ("Memory_Limit", "memory"), ("cores", "cpus"), ("xyz", nil), ("memorandum", nil), ("", nil),
        ("io", "io"), ("ab", nil), ("i", nil),
    ])
    func `nearest word`(word: String, expected: String?) {
        #expect(closest(to: word, among: ["memory", "cpus", "on-pids", "io"]) == expected)
    }
}
