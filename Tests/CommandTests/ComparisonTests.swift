import Support
import Testing

@testable import CGExec

/// `report --compare` on runs of a program that burns as much CPU time as it is told.
@Suite(.serialized) struct ComparisonTests {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    /// CPU time is what the program burns, whatever else runs on the host. So short a program has a start that counts, and
    /// where that is slow, as in an emulated machine, the tenth that is added becomes less of the whole: hence 100 ms.
    private func run(_ journal: String, milliseconds: Int, jobs: Int, repeats: Int = 10) throws {
        let file = try scratch.write(
            """
            - name: spin {n}
              command: [\(try Programs.probe()), spin, --cpu, \(milliseconds)ms]
              sweep: {n: 1..\(jobs)}
              repeat: \(repeats)
              warmup: 1
            """, to: "jobs.yaml")
        let finish = try Child.run([
            Programs.pool(), "run", "--quiet", "--no-learn", "--best-effort", "--journal", scratch.file(journal), file,
        ])
        #expect(finish.status == .exited(0), "\(finish)")
    }

    private func report(_ arguments: String...) throws -> Child.Finish {
        try Child.run([Programs.pool(), "report"] + arguments)
    }

    /// Two jobs a round, so 20 in a long run.
    @Test(arguments: 1...Soak.count(1, long: 10))
    func `a program is not slower than itself, and one that does a tenth more is, each time`(_ round: Int) throws {
        let jobs = 2
        for (journal, milliseconds) in [("old", 100), ("same", 100), ("slower", 110)] {
            try run(journal, milliseconds: milliseconds, jobs: jobs)
        }
        let old = scratch.file("old")
        func compared(_ journal: String) throws -> Child.Finish {
            try report(scratch.file(journal), "--compare", old, "--figure", "cpuSeconds")
        }
        func count(_ word: String, _ finish: Child.Finish) -> Int {
            finish.stdout.split(separator: "\n").count { $0.hasPrefix("| spin") && $0.contains("| \(word) ") }
        }
        let same = try compared("same")
        #expect(same.status == .exited(0), "\(same)")
        #expect(count("slower", same) == 0 && count("faster", same) == 0, "\(same)")
        let slower = try compared("slower")
        #expect(slower.status == .exited(1) && count("slower", slower) == jobs, "\(slower)")
        #expect(slower.stdout.contains("\n\(jobs) of \(jobs) jobs are slower by more than 3 %"), "\(slower)")

        let alone = try report(old)
        #expect(alone.status == .exited(0) && count("CPU s ", alone) == jobs, "\(alone)")
    }

    @Test func `what cannot be compared is bad usage, never a regression`() throws {
        try run("one", milliseconds: 1, jobs: 1, repeats: 2)
        let one = scratch.file("one")
        let record = try #require(contents(of: one)?.split(separator: "\n").first { $0.contains(#""event":"end""#) })
        let other = try scratch.write(record.replacing("spin 1", with: "other") + "\n", to: "other")
        for (arguments, text) in [
            ([one, "--compare", other], "no job of \(one) is in \(other)"),
            ([one, "--compare", scratch.file("missing")], "cannot read the journal"),
            ([one, "--compare", scratch.file("jobs.yaml")], "neither a line of a journal nor a record"),
            ([scratch.file("jobs.yaml"), "--compare", one], "neither a line of a journal nor a record"),
            ([one, "--threshold", "5%"], "--threshold: it goes with --compare"),
            ([one, "--compare", one, "--threshold", "5"], "expected a percentage from 0% to 1000%, such as 3%"),
            ([one, "--compare", one, "--confidence", "100%"], "expected a percentage from 50% to 99.9999%"),
            ([one, "--compare", one, "--figure", "time"], "expected wallSeconds, cpuSeconds, memoryPeakBytes"),
        ] {
            let finish = try Child.run([Programs.pool(), "report"] + arguments)
            #expect(finish.status == .exited(2) && finish.stderr.contains(text), "\(finish)")
        }
    }
}
