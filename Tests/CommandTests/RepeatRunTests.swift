import Support
import Testing

@testable import CGExec

/// `repeat` and `warmup` in a run.
@Suite(.scratchCgroup) struct RepeatRunTests {
    let scratch: ScratchDirectory
    let tree: String

    init() throws {
        scratch = try ScratchDirectory()
        tree = try ScratchCgroup.current().path
    }

    private func run(_ jobs: String, _ options: String...) throws -> Child.Finish {
        let file = try scratch.write(jobs, to: "jobs.yaml")
        return try Child.run(
            [Programs.pool(), "run", "--quiet", "--no-learn", "--cgroup", tree, "--json", scratch.file("records")]
                + options + [file])
    }

    /// Name and number of each record, such as `a2`, with a `w` for a warm-up.
    private func runs() throws -> [String] {
        try (contents(of: scratch.file("records")) ?? "").split(separator: "\n").map {
            let record = try Record(json: String($0))
            return record.name + (record.warmup == true ? "w" : "") + (record.repeat.map { "\($0)" } ?? "")
        }
    }

    @Test func `what waits for a job waits also for the runs that come to it, in a group and taken up`() throws {
        let log = scratch.file("log")
        func jobs(_ most: Int, _ more: String = "") -> String {
            "- {name: a, group: g, command: [sh, -c, 'echo a >> \"$0\"', '\(log)'], repeat: {until: 0.0001%, min: 3, max: \(most)}}\n"
                + more
        }
        let journal = scratch.file("journal")
        let first = try run(jobs(4), "--journal", journal)
        #expect(first.status == .exited(0) && first.stderr.contains("of 'a' are known to"), "\(first)")
        let followers = ["a", "g"].map {
            "- {name: after-\($0), command: [sh, -c, 'echo b >> \"$0\"', '\(log)'], after: \($0)}\n"
        }
        let second = try run(jobs(7, followers.joined()), "--journal", journal, "--resume")
        #expect(second.status == .exited(0), "\(second)")
        #expect(contents(of: log) == String(repeating: "a\n", count: 7) + "b\nb\n")
        let records = try (contents(of: scratch.file("records")) ?? "").split(separator: "\n").map {
            try Record(json: String($0))
        }
        #expect(records.map(\.id.number).sorted() == Array(1...9), "\(records.map(\.id))")
        #expect(records.filter { $0.name == "a" }.allSatisfy { $0.task == "g" })
    }

    @Test func `each job runs as often as it is told, and who waits for it waits for all`() throws {
        let finish = try run(
            """
            - {name: a, command: [sh, -c, 'echo a{repeat} >> "$0"', '\(scratch.file("log"))'], repeat: 3, warmup: 1}
            - {name: b, command: [sh, -c, 'echo b >> "$0"', '\(scratch.file("log"))'], after: a}
            """)
        #expect(finish.status == .exited(0) && finish.stdout.contains("5 jobs: 5 ok"), "\(finish)")
        #expect(try runs().sorted() == ["a1", "a2", "a3", "aw1", "b"])
        let log = (contents(of: scratch.file("log")) ?? "").split(separator: "\n")
        #expect(log.first == "aw1" && log.last == "b" && log.count == 5, "\(log)")
    }

    @Test func `a repeated job goes on until its time is over, and not after a failure`() throws {
        let finish = try run(
            """
            - {name: a, command: [sleep, 0.05], repeat: {for: 120ms, min: 2}}
            - {name: fails, command: ["false"], repeat: {for: 1h, min: 2}}
            """)
        #expect(finish.status == .exited(1), "\(finish)")
        let runs = try runs()
        #expect(runs.count { $0.hasPrefix("fails") } == 2)
        #expect([2, 3].contains(runs.count { $0.hasPrefix("a") }), "\(runs)")
    }

    @Test func `runs go on until the figure is known as exactly as asked, and no longer`() throws {
        let finish = try run(
            """
            pool: {jobs: 3}
            defaults: {repeat: {until: 5%, max: 200}}
            jobs:
              - {name: quiet, command: [sleep, 0.2]}
              - {name: noisy, command: [sh, -c, 'sleep 0.1$(( {repeat} * 7 % 5 ))']}
            """)
        #expect(finish.status == .exited(0), "\(finish)")
        let records = try (contents(of: scratch.file("records")) ?? "").split(separator: "\n").map {
            try Record(json: String($0))
        }
        func figures(_ name: String) -> [Double] {
            records.filter { $0.name == name }.sorted { $0.repeat ?? 0 < $1.repeat ?? 0 }.compactMap(\.wallSeconds)
        }
        func width(_ figures: some Collection<Double>) throws -> Double {
            let statistics = try #require(Statistics(Array(figures)))
            return try #require(statistics.halfWidth(confidence: 0.95)) / statistics.mean
        }
        let (quiet, noisy) = (figures("quiet"), figures("noisy"))
        #expect(try quiet.count == 10 || width(quiet.prefix(10)) > 0.05, "\(quiet)")
        #expect(noisy.count > 10 && noisy.count < 200, "\(noisy)")
        #expect(try width(quiet) <= 0.05 && width(noisy) <= 0.05)
    }

    @Test func `repetitions that are done are not made again`() throws {
        let log = scratch.file("log")
        func jobs(_ count: String) -> String {
            "- {name: a, command: [sh, -c, 'echo a >> \"$0\"', '\(log)'], warmup: 1, repeat: \(count)}\n"
        }
        func lines() -> Int { (contents(of: log) ?? "").split(separator: "\n").count }
        let journal = ["--journal", scratch.file("journal")]
        _ = try run(jobs("2"), journal[0], journal[1])
        #expect(lines() == 3)
        _ = try run(jobs("4"), journal[0], journal[1], "--resume")
        // And one to warm up again.
        #expect(lines() == 6)
        #expect(try runs().sorted() == ["a1", "a2", "a3", "a4", "aw1"])
        // Those beyond the least number are found as well.
        let third = try run(jobs("{min: 2, for: 1ms}"), journal[0], journal[1], "--resume")
        #expect(third.status == .exited(0) && lines() == 6, "\(third)")
        #expect(try runs().sorted() == ["a1", "a2", "a3", "a4", "aw1"])
    }
}
