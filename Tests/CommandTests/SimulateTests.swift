import Foundation
import Support
import Testing

/// `cgexec-pool simulate`, and what docs/simulate.md says of it.
@Suite struct SimulateTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private static func block(_ language: String) throws -> String {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let page = try #require(contents(of: root + "/docs/simulate.md"))
        let blocks = page.split(separator: "```", omittingEmptySubsequences: false)
        let block = try #require(blocks.first { $0.hasPrefix("\(language)\n") })
        return String(block.dropFirst(language.count + 1))
    }

    private func simulate(_ arguments: String...) throws -> Child.Finish {
        try Child.run([Programs.pool(), "simulate"] + arguments)
    }

    @Test func `the example in its page is what one gets`() throws {
        try scratch.write(try Self.block("csv"), to: "trace.csv")
        let shown = try Self.block("console")
        let command = try #require(shown.split(separator: "\n").first).dropFirst("$ cgexec-pool".count)
        let script = "cd '\(scratch.path)' && '\(try Programs.pool())'\(command)"
        #expect(try Child.script(script).stdout == shown.drop { $0 != "\n" }.dropFirst())
    }

    @Test func `standard input is the same as a file, and JSON has the same figures`() throws {
        let trace = try scratch.write(try Self.block("csv"), to: "trace.csv")
        let script = "'\(try Programs.pool())' simulate --sequential --json - < '\(trace)'"
        let finish = try Child.script(script)
        #expect(finish.status == .exited(0))
        let json = try #require(JSONSerialization.jsonObject(with: Data(finish.stdout.utf8)) as? [String: Any])
        let policies = try #require(json["policies"] as? [String: [String: Double]])
        #expect(policies.count == 15)
        #expect(policies["max-1.10"]?["attempts"] == 6 && policies["max-1.10"]?["killedAttempts"] == 1)
        #expect(policies["learned"]?["lowerBoundSeconds"] == 3640)
        let direct = try simulate("--sequential", "--json", trace)
        #expect(direct.stdout.replacing(trace, with: "-") == finish.stdout)
    }

    @Test(arguments: [
        (["--sequential", "--cores", "4", "t.csv"], "--cores: one job after another"),
        (["--sequential", "--svg", "p.svg", "t.csv"], "--svg: one job after another"),
        (["--sequential", "--mode", "packed", "t.csv"], "--mode: one job after another"),
        (["--mode", "loose", "t.csv"], "--mode: 'loose' is not valid: expected strict or packed"),
        (["--cores", "0", "t.csv"], "--cores: '0'"),
        (["--cores", "0", "--memory", "m", "--policy", "p", "t.csv"], "Error: --memory: 'm'"),
        (["--cores", "0", "--memory", "m", "--policy", "p", "t.csv"], "Error: --policy: 'p'"),
        (["--policy", "witt", "t.csv"], "--policy: 'witt' is not declared, learned, perfect, pyexpool"),
        (["--sequential", "--policy", "pyexpool", "t.csv"], "--policy: 'pyexpool' is not declared"),
        (["--sequential"], "FILE"),
        (["--sequential", "--policy", "oracle", "t.csv"], "--policy: 'oracle' is not declared, learned, perfect"),
        (["--sequential", "--memory", "much", "t.csv"], "--memory: 'much'"),
        (["--sequential", "/nonexistent.csv"], "cannot read the trace /nonexistent.csv"),
    ])
    func `bad usage`(_ arguments: [String], _ message: String) throws {
        let finish = try Child.run([Programs.pool(), "simulate"] + arguments)
        #expect(finish.status == .exited(2))
        #expect(finish.stdout == "")
        #expect(finish.stderr.contains(message))
    }

    @Test func `a pool, and its picture`() throws {
        let trace = try scratch.write(try Self.block("csv"), to: "trace.csv")
        let finish = try simulate("--cores", "2", "--memory", "16GiB", "--json", "--svg", scratch.file("p.svg"), trace)
        #expect(finish.status == .exited(0) && finish.stderr == "")
        let json = try #require(JSONSerialization.jsonObject(with: Data(finish.stdout.utf8)) as? [String: Any])
        let policies = try #require(json["policies"] as? [String: [String: Double]])
        #expect(policies.keys.sorted() == ["declared", "learned", "perfect", "pyexpool"])
        #expect(policies["perfect"]?["makespanSeconds"] == 2380.0)
        let picture = try #require(contents(of: scratch.file("p.svg")))
        #expect(picture.components(separatedBy: "<rect ").count > 4 * 5)
        let refused = try simulate("--svg", scratch.path, trace)
        #expect(refused.status == .exited(2) && refused.stderr.contains("cannot write the picture to"))
    }

    /// Here the kernel tells nothing of memory, so the records are of its making only in the VM.
    @Test(.scratchCgroup, .needs(.controller("memory"))) func `the records of a run`() throws {
        let jobs = try scratch.write(
            """
            - {name: "s {n}", command: [sleep, "0.1"], category: c, size: "{n}", need: 96MiB, sweep: {n: 1..3}}
            - {name: fails, command: ["false"], category: c, need: 96MiB}
            """, to: "jobs.yaml")
        let records = scratch.file("records.jsonl")
        let base = try ScratchCgroup.current().path
        let run = ["run", "--quiet", "--no-learn", "--cgroup", base, "--budget", "1GiB", "--json", records, jobs]
        try #require(try Child.run([Programs.pool()] + run).status == .exited(1))
        let finish = try simulate("--cores", "2", "--memory", "1GiB", "--json", records)
        #expect(finish.status == .exited(0))
        #expect(finish.stderr.contains("\(records): 1 of 4 attempts left out"), "\(finish.stderr)")
        let json = try #require(JSONSerialization.jsonObject(with: Data(finish.stdout.utf8)) as? [String: Any])
        let policies = try #require(json["policies"] as? [String: [String: Double]])
        #expect(policies["declared"]?["attempts"] == 3 && policies["declared"]?["killedAttempts"] == 0)
        let seconds = try #require(policies["declared"]?["makespanSeconds"])
        #expect(seconds >= 0.2)
    }

    @Test func `records beside a trace`() throws {
        let trace = try scratch.write(try Self.block("csv"), to: "trace.csv")
        let record = #"{"outcome":{"kind":"ok"},"category":"c","wallSeconds":60,"usage":{"needPeakBytes":1048576}}"#
        let records = try scratch.write(Array(repeating: record, count: 3).joined(separator: "\n"), to: "records.jsonl")
        let finish = try simulate("--sequential", "--policy", "declared", "--policy", "learned", trace, records)
        #expect(finish.status == .exited(0) && finish.stderr == "")
        #expect(finish.stdout.contains("\(records): 3 jobs") && finish.stdout.contains("all 2 traces: 8 jobs"))
        let bad = try scratch.write("{", to: "bad.jsonl")
        let refused = try simulate(bad, records)
        #expect(refused.status == .exited(2) && refused.stderr.contains("\(bad):1:2: not JSON"))
    }

    @Test func `the problems of all files at once`() throws {
        let first = try scratch.write("start_ms\n", to: "first.csv")
        let second = try scratch.write(try Self.block("csv") + "1,2\n", to: "second.csv")
        let finish = try simulate("--sequential", first, second)
        #expect(finish.status == .exited(2) && finish.stdout == "")
        #expect(finish.stderr.contains("\(first):1:1: the columns category"))
        #expect(finish.stderr.contains("\(second):7:1: 2 fields where the first line has 6"))
    }
}
