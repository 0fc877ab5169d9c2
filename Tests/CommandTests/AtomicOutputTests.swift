import Support
import Testing

@testable import CGExec

/// `run --atomic-output`: a file has its name only when its job succeeded.
@Suite(.scratchCgroup) struct AtomicOutputTests {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func run(_ jobs: String, _ options: String...) throws -> [String: Record] {
        let file = try scratch.write(jobs, to: "jobs.yaml")
        let finish = try Child.run(
            [
                Programs.pool(), "run", "--quiet", "--no-learn", "--cgroup", ScratchCgroup.current().path, "--json",
                scratch.file("records"),
            ] + options + [file])
        let lines = (contents(of: scratch.file("records")) ?? "").split(separator: "\n")
        try #require(!lines.isEmpty, "\(finish)")
        return Dictionary(try lines.map { try Record(json: String($0)) }.map { ($0.name, $0) }) { $1 }
    }

    /// One that succeeds, one that fails, one that is ended; with `more` keys.
    private func jobs(_ more: String = "") -> String {
        [("good", "echo whole"), ("bad", "echo part; exit 1"), ("late", "echo part; exec sleep 1h")].map {
            name, script in
            "- {name: \(name), command: [sh, -c, '\(script)'], cwd: '\(scratch.path)', stdout: {file: \(name).out},"
                + " timeout: \(name == "late" ? "300ms" : "1h")\(more)}\n"
        }.joined()
    }

    @Test(arguments: ["", ", output-limit: 1MiB"])
    func `what is not whole stays under a longer name`(_ more: String) throws {
        // From an earlier run, for which the same holds.
        try scratch.write("older\n", to: "bad.out")
        let records = try run(jobs(more), "--atomic-output", "keep")
        #expect(contents(of: scratch.file("good.out")) == "whole\n")
        #expect(contents(of: scratch.file("bad.out")) == "older\n")
        #expect(contents(of: scratch.file("bad.out.partial")) == "part\n")
        #expect(contents(of: scratch.file("late.out.partial")) == "part\n")
        #expect(!scratch.names.contains("late.out") && !scratch.names.contains("good.out.partial"))
        #expect(records["good"]?.output?.stdout?.path == "good.out")
        #expect(records["late"]?.output?.stdout?.path == "late.out.partial")
    }

    @Test(arguments: ["", ", output-limit: 1MiB"])
    func `or is removed`(_ more: String) throws {
        let records = try run(jobs(more + ", atomic-output: remove"))
        #expect(Set(scratch.names) == ["good.out", "jobs.yaml", "records"])
        #expect(records["bad"]?.output?.stdout?.path == nil && records["good"]?.output?.stdout?.path == "good.out")
    }

    @Test func `a name that cannot be had is said, and the output is kept`() throws {
        let records = try run(
            """
            - name: a
              command: [sh, -c, 'echo whole; mkdir -p "$0/a.out/x"', '\(scratch.path)']
              stdout: {file: '\(scratch.file("a.out"))'}
              atomic-output: remove
            """)
        #expect(records["a"]?.outcome.kind == .ok)
        #expect(records["a"]?.notes?.contains { $0.contains("is no regular file") } == true, "\(records)")
        #expect(contents(of: scratch.file("a.out.partial")) == "whole\n")
    }

    @Test func `appended output and captures are as they were`() throws {
        let records = try run(
            """
            - {name: a, command: [sh, -c, 'echo x; exit 1'], stdout: {append: '\(scratch.file("log"))'}}
            - {name: b, command: [echo, y]}
            """, "--atomic-output", "remove")
        #expect(contents(of: scratch.file("log")) == "x\n" && records["b"]?.output?.stdout?.text == "y\n")
    }
}
