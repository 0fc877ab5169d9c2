import Testing

@testable import CGExec
@testable import cgexec_pool

@Suite struct RepetitionsTests {
    private func group(_ records: [Record]) throws -> Repetitions {
        let groups = Repetitions.groups(records)
        try #require(groups.count == 1)
        return groups[0]
    }

    @Test func `runs of one name, task and params belong together, warm-ups to none`() {
        var records = [Runs.run("a", 1, number: 1), Runs.run("b", 2), Runs.run("a", 3, number: 2)]
        var other = Runs.run("a", 4, number: 1)
        other.task = "t"
        var swept = Runs.run("a", 5, number: 1)
        swept.params = ["x": "1"]
        var warmup = Runs.run("a", 6, number: 1)
        warmup.warmup = true
        records += [warmup, other, swept]
        let groups = Repetitions.groups(records)
        #expect(groups.map { $0.figures(.wallSeconds) } == [[1, 3], [2], [4], [5]])
        #expect(groups.map(\.identity.label) == ["a", "b", "t/a", "a"])
        #expect(groups.map(\.isRepeated) == [true, false, true, true])
    }

    @Test func `clean runs count, others only where there is none, and invalid ones never`() throws {
        let clean = try group([
            Runs.run("a", 1), Runs.run("a", 2, .perturbed), Runs.run("a", 3, .invalid), Runs.run("a", 4, .clean, .exit),
        ])
        #expect(clean.figures(.wallSeconds) == [1] && clean.attempts.count == 4 && clean.trust == .clean)
        let perturbed = try group([Runs.run("a", 2, .perturbed), Runs.run("a", 3, .invalid)])
        #expect(perturbed.figures(.wallSeconds) == [2] && perturbed.trust == .perturbed)
        let untold = try group([Runs.run("a", 1), Runs.run("a", 2, nil), Runs.run("a", 3, .perturbed)])
        #expect(untold.figures(.wallSeconds) == [1, 2] && untold.trust == .untold)
        let invalid = try group([Runs.run("a", 3, .invalid)])
        #expect(invalid.used.isEmpty && invalid.trust == nil)
    }

    @Test func `a figure that a run does not have is missing, not 0`() throws {
        let runs = try group([Runs.run("a", 1, number: 1, cpu: 0.5), Runs.run("a", 2, number: 2, peak: 0x10_0000)])
        #expect(runs.figures(.cpuSeconds) == [0.5] && runs.figures(.memoryPeakBytes) == [0x10_0000])
        #expect(runs.samples(.memoryPeakBytes).map(\.number) == [2])
    }

    @Test func `the table of what repeated runs say together`() throws {
        let walls = [1.0, 1.1, 0.9, 1.0, 1.05, 3.0]
        var records = Runs.runs("a|b", walls) + [Runs.run("a|b", 9, number: 7, .clean, .timeout)]
        for place in 0..<2 { records[place].usage?.memoryPeakBytes = 0x60_0000 }
        records += [Runs.run("once", 1), Runs.run("fails", nil, number: 1, nil, .exit)]
        records += [Runs.run("u", 1, number: 1, nil), Runs.run("p", 1, number: 1, .perturbed)]
        let table = try #require(StatisticsTable(Repetitions.groups(records)))
        #expect(
            table.text == """
                | job   | used | figure   |   mean | ± 95 % | median |    min |    max |  stdev | outliers | validity  |
                |-------|-----:|----------|-------:|-------:|-------:|-------:|-------:|-------:|----------|-----------|
                | a\\|b  |  6/7 | wall s   | 1.3417 | 63.8 % | 1.0250 | 0.9000 | 3.0000 | 0.8151 | #6       |           |
                | a\\|b  |  2/7 | peak MiB |   6.00 |  0.0 % |   6.00 |   6.00 |   6.00 |   0.00 |          |           |
                | fails |  0/1 |          |        |        |        |        |        |        |          |           |
                | u     |  1/1 | wall s   | 1.0000 |        | 1.0000 | 1.0000 | 1.0000 |        |          | unknown   |
                | p     |  1/1 | wall s   | 1.0000 |        | 1.0000 | 1.0000 | 1.0000 |        |          | perturbed |

                unknown: nobody can tell whether these runs were disturbed
                perturbed: none of these runs was clean
                """)
    }

    @Test func `where nothing is repeated there is no table`() {
        #expect(StatisticsTable(Repetitions.groups([Runs.run("a", 1), Runs.run("a", 2)])) == nil)
    }
}
