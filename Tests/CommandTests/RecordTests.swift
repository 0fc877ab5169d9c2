import Support
import Testing

/// What `exec --json` writes.
@Suite struct RecordTests {
    private let scratch: ScratchDirectory
    private let file: String

    init() throws {
        scratch = try ScratchDirectory()
        file = scratch.file("record")
    }

    private func record(_ options: [String] = [], _ command: [String]) throws -> JSONValue {
        _ = try Child.run(Programs.exec(["--json", file] + options, command))
        let text = try #require(contents(of: file))
        #expect(text.hasSuffix("\n"))
        #expect(text.count(of: "\n") == 1)
        return try JSONValue(parsing: text)
    }

    @Test func `a run's record has what it was and how it went`() throws {
        let record = try record(
            ["--name", "burn", "--category", "spin", "--size", "2.5"], [Programs.probe(), "spin", "--cpu", "200ms"])
        #expect(record["schema"]?.integer == 1)
        #expect(record["name"] == .text("burn"))
        #expect(record["category"] == .text("spin"))
        #expect(record["size"] == .number(2.5))
        #expect(record["argv"] == .list(try [Programs.probe(), "spin", "--cpu", "200ms"].map { .text($0) }))
        #expect(record["outcome"]?["kind"] == .text("ok"))
        #expect(record["outcome"]?["code"]?.integer == 0)
        guard case .number(let wall) = record["wallSeconds"] else { throw Trouble("no wallSeconds in \(record)") }
        #expect(wall > 0.19)
        for key in ["queued", "admitted", "started", "ended"] {
            #expect(
                record["times"]?[key]?.text?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z/) != nil, "\(key)")
        }
    }

    @Test func `an exit status and a signal are told apart`() throws {
        let exit = try record([], [Programs.probe(), "exit", "143"])["outcome"]
        #expect(exit?["kind"] == .text("exit"))
        #expect(exit?["code"]?.integer == 143)
        let signal = try record([], [Programs.probe(), "signal", "TERM"])["outcome"]
        #expect(signal?["kind"] == .text("signal"))
        #expect(signal?["signal"]?.integer == 15)
        #expect(signal?["code"] == nil)
    }

    @Test func `a timeout is one`() throws {
        let record = try record(["--timeout", Patience.time(100)], [Programs.probe(), "sleep", "1h"])
        #expect(record["outcome"]?["kind"] == .text("timeout"))
        #expect(record["outcome"]?["signal"]?.integer == 15)
        #expect(record["limits"]?["timeout"] == .number(Double(Patience.rounds(1, inVM: 20)) / 10))
        #expect(record["enforcement"]?["timeout"] == .text("scheduler"))
    }

    @Test func `a program that could not start has stage and errno`() throws {
        let outcome = try record([], ["/nonexistent"])["outcome"]
        #expect(outcome?["kind"] == .text("launchError"))
        #expect(outcome?["stage"] == .text("exec"))
        #expect(outcome?["errno"]?.integer == 2)
    }

    @Test func `the record goes to standard error for a dash`() throws {
        let finish = try Child.run(Programs.exec(["--json", "-"], ["echo", "out"]))
        #expect(finish.stdout == "out\n")
        #expect(try JSONValue(parsing: finish.stderr)["outcome"]?["kind"] == .text("ok"))
    }

    @Test func `an older and longer record is replaced whole`() throws {
        try scratch.write(String(repeating: "old\n", count: 10_000), to: "record")
        #expect(try record([], ["true"])["outcome"]?["kind"] == .text("ok"))
    }

    @Test func `a job that is refused leaves an older record alone`() throws {
        try scratch.write("old\n", to: "record")
        let finish = try Child.run(Programs.exec(["--json", file, "--cgroup", "/nonexistent"], ["true"]))
        #expect(finish.status == .exited(125))
        #expect(contents(of: file) == "old\n")
    }

    @Test func `the output limit ends the job`() throws {
        let finish = try Child.run(
            Programs.exec(["--json", file, "--output-limit", "1MiB"], [Programs.probe(), "write", "100MiB"]))
        #expect(finish.status == .exited(125))
        #expect(finish.stdout.utf8.count >= 1 << 20 || finish.stdout.contains("\u{FFFD}"))
        #expect(try JSONValue(parsing: contents(of: file) ?? "")["outcome"]?["kind"] == .text("output"))
    }
}
