import CGExec
import Testing

@testable import cgexec_pool

@Suite struct YAMLReaderTests {
    @Test func `values stay as they are written`() throws {
        let job = try #require(
            try jobs("- command: [echo, yes, 010, 2.50, 0x1F, 1_000, 12:30:45, 2026-01-31, off, 1e3]").first)
        #expect(job.command == ["echo", "yes", "010", "2.50", "0x1F", "1_000", "12:30:45", "2026-01-31", "off", "1e3"])
    }

    @Test func `block texts, quotes and escapes`() throws {
        let text = """
            - shell: true
              command: |
                echo one
                echo two
              env: {A: 'it''s', B: "tab\\t", C: "", D: "null", E: "~"}
            """
        let job = try #require(try jobs(text).first)
        #expect(job.command == ["/bin/sh", "-c", "echo one\necho two\n"])
        #expect(job.environment == ["A": "it's", "B": "tab\t", "C": "", "D": "null", "E": "~"])
    }

    @Test func `anchors and aliases`() throws {
        let text = "- command: &c [a, b]\n  env: &e {X: 1}\n- command: *c\n  env: *e\n"
        let all = try jobs(text)
        #expect(all.map(\.command) == [["a", "b"], ["a", "b"]])
        #expect(all.map(\.environment) == [["X": "1"], ["X": "1"]])
    }

    @Test(arguments: [
        ("jobs:\n\t- command: [a]\n", "2:1", "cannot start any token"),
        ("jobs:\n  - command: [a\n", "3:1", "did not find expected"),
        ("jobs:\n  - command: [xz, -{n}]\n", "2:20", "quote texts"),
        ("- command: [a]\n  pids: 1\n  pids: 2\n", "2:3", "'pids' stands twice in one mapping"),
        ("- command: [a]\n  \"pids\": 1\n  pids: 2\n", "2:3", "'pids' stands twice"),
        ("- command: *nothing\n", "1:12", "undefined alias"),
        ("- command: [a]\n---\n- command: [b]\n", "2:1", "another document"),
        ("- command: !include x\n", "1:12", "tag '!include' is not supported"),
        ("- command: !!binary x\n", "1:12", "is not supported"),
        ("- ? [a]\n  : b\n", "1:5", "a key must be a plain word"),
        ("a: \u{1}\n", "1:4", "control characters"),
        ("ä: b\n\r\nc: \u{7}x\n", "3:4", "control characters"),
        ("", "1:1", "the file is empty"),
        ("# nothing\n", "1:1", "the file is empty"),
        ("---\n", "1:1", "the file is empty"),
        (
            "hello\n", "1:1",
            "expected a mapping with the key jobs, or a list of jobs such as - command: [sleep, 10], not a single value"
        ),
    ])
    func `says where it stops being a job file`(text: String, position: String, part: String) throws {
        let found = Problems(file: "f", reading(text).problems)
        #expect(found.list.count == 1)
        let line = try #require(found.description.split(separator: "\n").first)
        #expect(line.hasPrefix("f:\(position): "), "\(line)")
        #expect(line.contains(part), "\(line)")
    }

    @Test func `merge keys are refused with the cure`() {
        let found = problems("- &a\n  command: [a]\n- <<: *a\n  pids: 1\n")
        #expect(found.first == "3:3: jobs[1].<<: merge keys are not supported; what all jobs share belongs in defaults")
    }

    @Test func `deep nesting is a problem, not a crash`() {
        #expect(problems(String(repeating: "[", count: 100_000)).count == 1)
        #expect(problems(String(repeating: "- ", count: 100_000)).count == 1)
        let nested = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        #expect(problems(nested) == ["1:66: nested more than 64 levels deep; no job file needs that"])
    }

    @Test func `aliases that multiply are a problem, not a full memory`() throws {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1...9 {
            text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ","))]\n"
        }
        let found = problems(text)
        #expect(found.count == 1)
        #expect(try #require(found.first).contains("stand for too many values"))
    }

    @Test func `bytes that are not UTF-8 have a position`() {
        let bytes = Array("- command: [a]\n  name: ä".utf8) + [0xFF] + Array("\n".utf8)
        let reading = JobFile.read(bytes, name: "f")
        #expect(lines(Problems(file: "f", reading.problems)) == ["2:10: not UTF-8 from here on"])
    }

    @Test func `a byte order mark is skipped`() throws {
        let file = try JobFile.read([0xEF, 0xBB, 0xBF] + Array("- command: [a]\n".utf8), name: "f.yaml").checked()
        #expect(file.jobs.map(\.job.command) == [["a"]])
    }
}
