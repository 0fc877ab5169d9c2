import Testing

@testable import CGExec
@testable import cgexec_pool

@Suite struct RunComparisonTests {
    private static let quiet = [1.00, 1.01, 0.99, 1.00, 1.01, 0.99]

    private func compare(
        _ before: [Record], _ after: [Record], _ figure: Figure = .wallSeconds, threshold: Double = 0.03
    ) -> RunComparison {
        RunComparison(
            before: Runs.data("old", before), after: Runs.data("new", after), figure: figure, threshold: threshold,
            confidence: 0.999)
    }

    @Test func `a row for each job that both have, and what was found in one line`() {
        let before =
            Runs.runs("slow", Self.quiet) + Runs.runs("fast", Self.quiet.map { $0 * 2 }) + Runs.runs("same", Self.quiet)
            + Runs.runs("noisy", [1, 2, 3]) + [Runs.run("once", 1), Runs.run("gone", 1), Runs.run("failed", 1)]
            + Runs.runs("zero", [0, 0])
        let after =
            Runs.runs("slow", Self.quiet.map { $0 * 1.2 }) + Runs.runs("fast", Self.quiet)
            + Runs.runs("same", Self.quiet, nil) + Runs.runs("noisy", [2, 3, 4], .perturbed)
            + [Runs.run("once", 9), Runs.run("came", 1), Runs.run("failed", 1, .clean, .exit)]
            + Runs.runs("zero", [1, 1])
        let comparison = compare(before, after)
        #expect(comparison.hasRegression && comparison.warning == nil)
        #expect(
            comparison.text == """
                | job    | runs before | after | before wall s | after wall s | ratio | 99.9 % interval | finding             | validity  |
                |--------|------------:|------:|--------------:|-------------:|------:|----------------:|---------------------|-----------|
                | slow   |         6/6 |   6/6 |        1.0000 |       1.2000 | 1.200 |     1.172–1.229 | slower              |           |
                | fast   |         6/6 |   6/6 |        2.0000 |       1.0000 | 0.500 |     0.488–0.512 | faster              |           |
                | same   |         6/6 |   6/6 |        1.0000 |       1.0000 | 1.000 |     0.977–1.024 | the same            | unknown   |
                | noisy  |         3/3 |   3/3 |        2.0000 |       3.0000 | 1.587 |    0.027–94.960 | no difference shown | perturbed |
                | once   |         1/1 |   1/1 |        1.0000 |       9.0000 | 9.000 |                 | not enough runs     |           |
                | failed |         1/1 |   0/1 |        1.0000 |              |       |                 | no figures          |           |
                | zero   |         2/2 |   2/2 |        0.0000 |       1.0000 |       |                 | no ratio to 0       |           |

                unknown: nobody can tell whether these runs were disturbed
                perturbed: none of these runs was clean

                only before: gone
                only after: came

                1 of 7 jobs is slower by more than 3 %, with 99.9 % confidence: slow; faster: 1; the same: 1; no difference shown: 1; \
                not enough runs: 1; no figures: 1; no ratio to 0: 1
                """)
    }

    @Test func `what is below the threshold is no regression`() {
        let (before, after) = (Runs.runs("a", Self.quiet), Runs.runs("a", Self.quiet.map { $0 * 1.2 }))
        #expect(compare(before, after).hasRegression)
        let lenient = compare(before, after, threshold: 0.5)
        #expect(!lenient.hasRegression)
        #expect(
            lenient.text.hasSuffix("\n\nno job is slower by more than 50 %, with 99.9 % confidence; the same: 1"),
            "\(lenient.text)")
    }

    @Test func `memory grows instead of slowing down`() {
        func runs(_ peak: UInt64) -> [Record] { (1...3).map { Runs.run("a", 1, number: $0, peak: peak) } }
        let text = compare(runs(10 << 20), runs(12 << 20), .memoryPeakBytes).text
        #expect(text.contains("| more "), "\(text)")
        #expect(text.hasSuffix("1 of 1 job is using more by more than 3 %, with 99.9 % confidence: a"), "\(text)")
        #expect(compare(runs(1), runs(1), .cpuSeconds).text.contains("no figures"))
    }

    @Test func `jobs in common are those of one name, task and params`() {
        var swept = Runs.run("a", 1)
        swept.params = ["x": "1"]
        let comparison = compare([Runs.run("a", 1)], [swept])
        #expect(comparison.rows.isEmpty && comparison.onlyBefore.count == 1 && comparison.onlyAfter.count == 1)
    }

    @Test func `different machines are said`() throws {
        func data(_ source: String, _ kernel: String) -> ReportData {
            let machine = HostDescription(name: "host", kernel: kernel, cpus: CPUSet([0, 1]))
            return Runs.data(source, [Runs.run("a", 1)], machine: machine)
        }
        func warning(_ before: ReportData, _ after: ReportData) -> String? {
            RunComparison(before: before, after: after, figure: .wallSeconds, threshold: 0, confidence: 0.9).warning
        }
        #expect(warning(data("old", "6.1"), data("new", "6.1")) == nil)
        #expect(
            warning(data("old", "6.1"), data("new", "6.12")) == """
                old is of host, Linux 6.1, 2 CPUs, new of host, Linux 6.12, 2 CPUs: what differs may be the machines' doing
                """)
        var record = Runs.run("a", 1)
        record.host = "other"
        // Records tell only the machine's name, and older ones not even that.
        #expect(
            warning(data("old", "6.1"), Runs.data("new", [record]))?.hasPrefix("old is of host, new of other:") == true)
        record.host = "host"
        #expect(warning(data("old", "6.1"), Runs.data("new", [record])) == nil)
        #expect(warning(data("old", "6.1"), Runs.data("new", [Runs.run("a", 1)])) == nil)
    }
}
