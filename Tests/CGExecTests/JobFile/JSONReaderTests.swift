import CGExec
import Testing

@testable import cgexec_pool

@Suite struct JSONReaderTests {
    /// The one argument of a job whose command is `[x, ARGUMENT]`.
    private func argument(_ json: String) throws -> String? {
        try jobs("[{\"command\": [\"x\", \(json)]}]", .json).first?.command.last
    }

    @Test(arguments: [
        (#""a""#, "a"),
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u00e9\u20AC""#, "é€"),
        (#""\ud83d\ude00""#, "😀"),
        (#""x\uD83D\uDE00y""#, "x😀y"),
        (#""😀 é""#, "😀 é"),
        ("0", "0"), ("-1", "-1"), ("2.50", "2.50"), ("1e3", "1e3"), ("1E-3", "1E-3"),
        ("123456789012345678901", "123456789012345678901"),
        ("true", "true"), ("false", "false"),
    ])
    func `texts and numbers`(json: String, expected: String) throws {
        #expect(try argument(json) == expected)
    }

    @Test func `tabs, line breaks anywhere, long keys`() throws {
        let key = String(repeating: "K", count: 5000)
        let text = "[\r\n\t{\t\"command\"\n:\n[\n\"x\"\t,\"y\"\n]\n,\"env\":{\"\(key)\"\n:\"v\"}}\t]\n"
        let job = try #require(try jobs(text, .json).first)
        #expect(job.command == ["x", "y"])
        #expect(job.environment == [key: "v"])
    }

    @Test(arguments: [
        ("[{\"command\": [\"x\"],}]", "1:20", "expected a key"),
        ("[\n  {\"command\": [\"x\",]}\n]", "2:20", "expected a value"),
        ("[{\"command\": [\"x\"]}] x", "1:22", "more text"),
        ("[{\"command\" [\"x\"]}]", "1:13", "expected : after"),
        ("[{\"command\": [\"\\ud83d\"]}]", "1:16", "half of a surrogate pair"),
        ("[{\"command\": [\"\\ude00x\"]}]", "1:16", "half of a surrogate pair"),
        ("[{\"command\": [\"\\ud83d\\u0041\"]}]", "1:16", "half of a surrogate pair"),
        ("[{\"command\": [\"\\u12G4\"]}]", "1:18", "four hexadecimal digits"),
        ("[{\"command\": [\"\\x\"]}]", "1:16", "unknown escape"),
        ("[{\"é\": \"a\tb\"}]", "1:10", "control character"),
        ("[{\"command\": [\"x", "1:17", "ends within double quotes"),
        ("[{\"command\": [01]}]", "1:16", "expected , or ]"),
        ("[{\"command\": [1.]}]", "1:17", "expected a digit"),
        ("[{\"command\": [tru]}]", "1:15", "expected a value"),
        ("[", "1:2", "the text ends"),
        ("// no\n[]", "1:1", "expected a value"),
    ])
    func `says where it stops being JSON`(text: String, position: String, part: String) throws {
        let found = problems(text, .json)
        #expect(found.count == 1)
        let line = try #require(found.first)
        #expect(line.hasPrefix("\(position): not JSON: "), "\(line)")
        #expect(line.contains(part), "\(line)")
    }

    @Test func `deep nesting is a problem, not a crash`() {
        let deep = String(repeating: "[", count: 1_000_000)
        #expect(problems(deep, .json) == ["1:66: not JSON: nested more than 64 levels deep; no job file needs that"])
    }

    @Test func `one job a line, blank lines ignored`() throws {
        let text = "\n{\"command\": [\"a\"]}\r\n\n  \t\n{\"command\": [\"b\"]}"
        #expect(try jobs(text, .jsonl).map(\.command) == [["a"], ["b"]])
    }

    @Test func `a wrong line does not hide the next ones`() {
        let text = """
            {"command": ["a"], "pids": 0}

            {"command": ["b"}
            [1]
            {"command": ["c"]} {"command": ["d"]}
            {"command":
              ["e"]}
            {"command": ["f"], "memory": "1X"}
            """
        let found = problems(text, .jsonl)
        #expect(found.map { String($0.prefix { $0 != " " }) } == ["1:28:", "3:17:", "4:1:", "5:20:", "6:1:", "8:30:"])
    }

    @Test(arguments: [
        ("a.yaml", "{\"command\": [\"x\"]}\n", JobFileFormat.yaml),
        ("a.yml", "", .yaml),
        ("a.json", "", .json),
        ("a.JSONL", "", .jsonl),
        ("a.ndjson", "", .jsonl),
        ("-", "{\"command\": [\"x\"]}\n{\"command\": [\"y\"]}", .jsonl),
        ("-", "\n{\"command\": [\"x\"]}\n", .jsonl),
        ("-", "{\"jobs\": []}\n", .json),
        ("-", "{\n\"jobs\": []}\n", .json),
        ("-", "[{\"command\": [\"\\ud83d\\ude00\"]}]", .json),
        ("-", "[{command: [x]}]", .yaml),
        ("-", "{jobs: [{command: [x]}]}", .yaml),
        ("-", "jobs:\n- command: [x]\n", .yaml),
        ("-", "", .yaml),
        ("jobs.txt", "# a\n- command: [x]\n", .yaml),
        ("json", "- command: [x]\n", .yaml),
    ])
    func `the format by extension, else by content`(name: String, text: String, format: JobFileFormat) {
        #expect(JobFileFormat(of: name, text: text) == format)
    }
}
