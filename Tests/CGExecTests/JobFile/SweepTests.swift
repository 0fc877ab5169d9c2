import CGExec
import Testing

@testable import cgexec_pool

@Suite struct SweepTests {
    private func values(_ sweep: String, paths: [String: [String]] = [:]) throws -> [String] {
        try jobs("- {command: [p, '{x}'], sweep: {x: \(sweep)}}", paths: paths).compactMap(\.command.last)
    }

    @Test func `a variable that stands nowhere repeats the job`() throws {
        let all = try jobs("- {command: [p], sweep: {run: 1..3}}")
        #expect(all.map(\.name) == ["p-1", "p-2", "p-3"] && all.map(\.params) == [1, 2, 3].map { ["run": "\($0)"] })
    }

    @Test(arguments: [
        ("[a, 1, 2.50, true]", ["a", "1", "2.50", "true"]),
        ("{list: [a]}", ["a"]),
        ("1..4", ["1", "2", "3", "4"]),
        ("'1..4'", ["1", "2", "3", "4"]),
        ("{range: 1..2}", ["1", "2"]),
        ("5..5", ["5"]),
        ("08..11", ["08", "09", "10", "11"]),
        ("8..010", ["008", "009", "010"]),
        ("0..10..5", ["0", "5", "10"]),
        ("0..9..5", ["0", "5"]),
        ("00..10..5", ["00", "05", "10"]),
        ("-1..1", ["-1", "0", "1"]),
        ("9223372036854775806..9223372036854775807", ["9223372036854775806", "9223372036854775807"]),
        ("'*.txt'", ["a.txt", "b.txt"]),
        ("{glob: '*.txt'}", ["a.txt", "b.txt"]),
        ("{glob: plain}", ["plain"]),
        ("'../*..2/x'", ["../1..2/x"]),
    ])
    func `lists, ranges and patterns`(sweep: String, expected: [String]) throws {
        let paths = ["*.txt": ["a.txt", "b.txt"], "plain": ["plain"], "../*..2/x": ["../1..2/x"]]
        #expect(try values(sweep, paths: paths) == expected)
    }

    @Test(arguments: [
        ("[]", 0, "the list is empty"),
        ("{list: []}", 7, "the list is empty"),
        ("5", 0, "write [5] for a single value"),
        ("data.txt", 0, "neither a range such as 1..9 nor a pattern"),
        ("9..1", 0, "with the smaller end first"),
        ("1..9..0", 0, "inclusive range"),
        ("1...9", 0, "inclusive range"),
        ("1..", 0, "inclusive range"),
        ("a..c", 0, "inclusive range"),
        ("+1..3", 0, "inclusive range"),
        ("1..2..3..4", 0, "inclusive range"),
        ("0..1000000", 0, "at most 1000000 numbers"),
        ("-9223372036854775808..9223372036854775807", 0, "at most 1000000 numbers"),
        ("'*.none'", 0, "no file matches '*.none'"),
        ("{glob: none}", 7, "no file matches 'none'"),
        ("{glob: a, range: 1..2}", 0, "exactly one of list, range, glob"),
        ("{}", 0, "exactly one of"),
        ("{rang: 1..2}", 1, "did you mean 'range'?"),
        ("{list: 5}", 7, "expected a list of values"),
        ("[a, [b]]", 4, "expected a single value, not a list"),
        ("[a, null]", 4, "there is no value"),
        ("", 0, "there is no value"),
    ])
    func `wrong values`(sweep: String, offset: Int, part: String) throws {
        let before = "- {command: [p, '{x}'], sweep: {x: "
        let found = problems("\(before)\(sweep)}}")
        let line = try #require(found.first)
        #expect(found.count == 1)
        #expect(line.hasPrefix("1:\(before.count + 1 + offset): jobs[0].sweep.x") && line.contains(part), "\(line)")
    }

    @Test func `the first variable varies slowest`() throws {
        let text = """
            - name: "{b}{a}{c}"
              command: [p]
              sweep: {b: [x, y], a: 1..2, c: ["-", "+"]}
            """
        let all = try jobs(text)
        #expect(all.map(\.name) == ["x1-", "x1+", "x2-", "x2+", "y1-", "y1+", "y2-", "y2+"])
        #expect(all.last?.params == ["b": "y", "a": "2", "c": "+"])
    }

    @Test func `jobs are numbered through the file`() throws {
        let file = try reading("- {command: [p], sweep: {x: 1..3}}\n- {command: [q]}").checked()
        #expect(file.jobs.map(\.seq) == [1, 2, 3, 4])
        #expect(file.jobs.map(\.job.name) == ["p-1", "p-2", "p-3", "q-4"])
    }

    @Test(arguments: [
        ("9a", "cannot be a variable"), ("a-b", "cannot be a variable"), ("slot", "is built in"),
        ("name", "is built in"),
        ("seq", "is built in"), ("attempt", "is built in"),
    ])
    func `names that no variable can have`(name: String, part: String) throws {
        let found = problems("- command: [p]\n  sweep:\n    \(name): [1]\n")
        #expect(found.count == 1)
        let line = try #require(found.first)
        #expect(line.hasPrefix("3:5: jobs[0].sweep.\(name): ") && line.contains(part), "\(line)")
    }

    @Test func `too many jobs`() throws {
        let found = problems(
            "- {command: [a]}\n- {command: [p], sweep: {x: 1..1000, y: 1..1000}}\n- {command: [p], pids: x}")
        #expect(
            found == [
                "2:3: jobs[1]: this sweep brings the file to 1000001 jobs, where 1000000 are the most; split the file or the sweep"
            ])
        let huge = (0..<8).map { "v\($0): 1..999999" }.joined(separator: ", ")
        #expect(
            try #require(problems("- {command: [p], sweep: {\(huge)}}").first).contains("where 1000000 are the most"))
    }

    @Test func `the size must be a number in every job`() {
        let text = "- command: [p]\n  size: '{x}'\n  sweep: {x: [1, a, b, -1]}\n"
        #expect(
            problems(text) == [
                "2:9: jobs[0].size: 'a' is not a size: expected a number from 0 on, such as 9 or 2.5 (and the same in 2 more jobs)"
            ])
    }

    @Test func `outputs that would destroy each other`() {
        let text = """
            - command: [p]
              stdout: {file: out.txt}
              sweep: {x: 1..5}
            - command: [p]
              stdout: {file: a}
              stderr: {file: a}
            - command: [p]
              stdout: {append: a}
              stderr: {file: /dev/null}
            - command: [p]
              stdout: {file: /dev/null}
            """
        let found = problems(text)
        #expect(found.count == 2)
        #expect(
            found.first?.hasPrefix("2:18: jobs[0].stdout.file: 'out.txt' is also made by jobs[0].stdout.file in line 2")
                == true)
        #expect(found.first?.hasSuffix("(and the same in 3 more jobs)") == true)
        #expect(
            found.last?.hasPrefix("6:18: jobs[1].stderr.file: 'a' is also made by jobs[1].stdout.file in line 5")
                == true)
    }

    @Test func `100,000 jobs of one sweep take linear time`() throws {
        let text =
            "- {name: 'j{x}-{y}', command: [p, '{x}', '{y}', '{seq}'], stdout: {file: '{seq}.out'}, sweep: {x: 1..1000, y: 1..100}}"
        let clock = ContinuousClock()
        var count = 0
        let time = try clock.measure { count = try jobs(text).count }
        #expect(count == 100_000)
        // A debug build takes a few seconds; quadratic behaviour would take hours.
        #expect(time < .seconds(60))
    }
}
