import CGExec
import Testing

@testable import cgexec_pool

/// `repeat` and `warmup`: what they mean, and in which order the runs come.
@Suite struct RepeatTests {
    private func rule(_ keys: String) throws -> RepeatRule {
        try #require(try reading("- {command: [p], \(keys)}").checked().jobs.first).repeats
    }

    /// The runs in their order, such as `a1`, and `aw1` for a warm-up.
    private func plan(_ text: String) throws -> String {
        let file = try reading(text).checked()
        return RunPlan(file).runs.map { run in
            file.jobs[run.index].job.name + (run.isWarmup ? "w" : "") + (run.repetition.map { "\($0)" } ?? "")
        }.joined(separator: " ")
    }

    @Test func `a number is so many runs`() throws {
        #expect(try rule("size: 1") == RepeatRule())
        #expect(try rule("repeat: 10") == RepeatRule(least: 10, most: 10))
        #expect(try rule("warmup: 2") == RepeatRule(warmups: 2))
        #expect(try rule("repeat: 3, warmup: 1").forPeople == "3 times, after 1 warm-up")
        #expect(try rule("repeat: 1").isRepeated == false)
    }

    @Test func `a rule makes as many as it takes`() throws {
        let until = try rule("repeat: {until: 2%}")
        #expect(until.isAdaptive && until.until == 0.02 && until.figure == .wallSeconds && until.time == nil)
        let full = try rule("repeat: {until: 0.5%, of: cpuSeconds, min: 7, max: 20, for: 10m}, warmup: 1")
        #expect(
            full
                == RepeatRule(
                    least: 7, most: 20, warmups: 1, until: 0.005, figure: .cpuSeconds, time: .seconds(600)))
    }

    @Test(arguments: [
        ("repeat: 0", "'0' is not valid: expected a number from 1 on"), ("repeat: x", "expected a number from 1 on"),
        ("warmup: -1", "expected a number from 0 on"), ("repeat: {}", "when is it enough?"),
        ("repeat: {max: 5}", "when is it enough?"), ("repeat: {until: 2}", "expected a percentage of the mean above 0"),
        ("repeat: {until: 2%, of: beauty}", "expected wallSeconds, cpuSeconds"),
        ("repeat: {until: 2%, min: 9, max: 8}", "min is 9, more than the 8 of max"),
        ("repeat: {untill: 2%}", "did you mean 'until'?"), ("repeat: {for: 0s}", "expected a time above 0"),
        ("repeat: 2, stdout: {file: out}", "put {repeat} into the name, or use append"),
        ("repeat: 2, name: 'x{repeat}'", "{repeat} is known only when the job starts"),
    ])
    func `what is no rule is refused`(_ keys: String, _ message: String) {
        let found = problems("- {command: [p], \(keys)}")
        #expect(found.count == 1 && found[0].contains(message), "\(found)")
    }

    @Test func `runs take turns, and warm-ups come first`() throws {
        let jobs =
            "[{name: a, command: [p], repeat: 2, warmup: 1}, {name: b, command: [p], repeat: 2}, {name: c, command: [p]}]"
        #expect(try plan("{jobs: \(jobs)}") == "aw1 b1 c a1 b2 a2")
        #expect(try plan("{pool: {repeat-order: blocked}, jobs: \(jobs)}") == "aw1 a1 a2 b1 b2 c")
    }

    @Test func `all runs of what is waited for come before`() throws {
        let jobs = """
            - {name: b, command: [p], after: a, repeat: 2}
            - {name: x, command: [p], repeat: 2}
            - {name: a, command: [p], group: g, repeat: 2}
            - {name: y, command: [p], after: g, repeat: 2}
            """
        #expect(try plan(jobs) == "x1 a1 a2 b1 y1 x2 b2 y2")
    }

    @Test func `each run knows its number`() throws {
        let text = "- {name: a, command: [p, '{repeat}'], stdout: {file: 'o{repeat}'}, repeat: 2, warmup: 1}"
        let file = try reading(text).checked()
        let jobs = RunPlan(file).runs.map { file.jobs[$0.index].job($0, slot: 0, attempt: 1) }
        #expect(jobs.map(\.command) == [["p", "w1"], ["p", "1"], ["p", "2"]])
        #expect(jobs.map(\.stdout) == [.file("ow1"), .file("o1"), .file("o2")])
        #expect(jobs.map(\.repetition) == [1, 1, 2] && jobs.map(\.isWarmup) == [true, false, false])
    }
}
