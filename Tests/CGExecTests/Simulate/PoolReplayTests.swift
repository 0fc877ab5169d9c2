import CGExec
import Foundation
import Testing

@testable import cgexec_pool

@Suite struct PoolReplayTests {
    private static func trace(_ jobs: [(category: String, gibibytes: Double, seconds: Double)]) -> Trace {
        Trace(
            file: "t",
            jobs: jobs.map { job in
                TraceJob(
                    start: 0, category: job.category, size: 0, peak: job.gibibytes * 0x1p30, seconds: job.seconds,
                    declared: 0x1p32)
            })
    }

    private func results(_ trace: Trace, cores: Int, _ memory: ByteSize) -> [PolicyName: PolicyResult] {
        Dictionary(
            uniqueKeysWithValues: PolicyName.pools.map {
                ($0, Replay.pool(cores: cores, memory: memory).run(trace, $0).result)
            })
    }

    /// Twelve jobs of 1 GiB that declared 4, in 8 GiB: two at a time as declared, eight when all is known.
    @Test func `who knows what is needed runs more at once`() throws {
        let trace = Self.trace(Array(repeating: (category: "c", gibibytes: 1, seconds: 3600), count: 12))
        let results = results(trace, cores: 8, .gib(8))
        let declared = try #require(results[.declared])
        #expect(declared.makespanSeconds == 6 * 3600 && declared.killedAttempts == 0 && declared.attempts == 12)
        #expect(declared.wastedGiBHours == 36 && declared.declaredWastedGiBHours == 36)
        let perfect = try #require(results[.perfect])
        #expect(perfect.makespanSeconds == 2 * 3600 && perfect.wastedGiBHours == 0)
        #expect(perfect.lowerBoundSeconds == 1.5 * 3600)
        // Two as declared, then five of 1.5 GiB, then the rest.
        let learned = try #require(results[.learned])
        #expect(learned.makespanSeconds == 3 * 3600 && learned.killedAttempts == 0)
    }

    @Test func `more cores than that are of no use where jobs are few, and one is enough for one`() {
        let trace = Self.trace([("a", 1, 60), ("a", 2, 30), ("b", 3, 90)])
        for cores in [1, 3, 64] {
            for (name, result) in results(trace, cores: cores, .gib(128)) {
                #expect(result.lowerBoundSeconds == (cores == 1 ? 180 : 90), "\(name)")
                #expect(result.makespanSeconds >= result.lowerBoundSeconds, "\(name)")
                #expect(result.makespanSeconds <= (name == .pyexpool ? 1.1 : 1) * (cores == 1 ? 180 : 90), "\(name)")
            }
        }
    }

    @Test func `a job killed for memory counts, and is tried again with more`() throws {
        let trace = Self.trace([("c", 1, 60), ("c", 1, 60), ("c", 1, 60), ("c", 3, 60)])
        let run = Replay.pool(cores: 1, memory: .gib(8)).run(trace, .learned)
        #expect(run.result.attempts == 5 && run.result.killedAttempts == 1)
        let last = run.attempts.suffix(2)
        #expect(last.map(\.program) == [3, 3] && last.map(\.isKilled) == [true, false])
        #expect(last.map(\.memory) == [.mib(1366), .gib(4)])
    }

    /// One that needs much, and many that need a third of it.
    @Test func `a packed pool reserves what is typical`() {
        let jobs =
            [(category: "c", gibibytes: 3.0, seconds: 600.0)]
            + Array(repeating: (category: "c", gibibytes: 1.0, seconds: 600.0), count: 40)
        let results = [Mode.strict, .packed].map {
            Replay.pool(cores: 8, memory: .gib(16), mode: $0).run(Self.trace(jobs), .learned).result
        }
        #expect(results.map(\.killedAttempts) == [0, 0] && results.map(\.attempts) == [41, 41])
        // Four at a time; all eight, once the first have ended.
        #expect(results.map(\.makespanSeconds) == [11 * 600, 6 * 600])
        #expect(results[1].wastedGiBHours < results[0].wastedGiBHours / 5)
    }

    @Test func `the picture has every attempt once, and what was killed in black`() throws {
        let trace = Self.trace([("c", 1, 60), ("c", 1, 60), ("c", 1, 60), ("<&>", 1, 60), ("c", 3, 60)])
        let names: [PolicyName] = [.learned, .perfect]
        let picture = PolicyComparison([trace], names, .pool(cores: 2, memory: .gib(8))).picture
        #expect(picture.hasPrefix("<svg xmlns=") && picture.hasSuffix("</svg>\n"))
        #expect(picture.components(separatedBy: "<rect ").count - 1 == 6 + 5)
        #expect(picture.components(separatedBy: "fill=\"#000\"").count - 1 == 1)
        #expect(picture.contains("learned: ") && picture.contains("<title>&lt;&amp;&gt;, 4 GiB</title>"))
    }

    @Test func `several traces together are one pool's work`() throws {
        let trace = Self.trace([("a", 4, 3600)])
        let comparison = PolicyComparison([trace, trace], [.perfect], .pool(cores: 1, memory: .gib(8)))
        #expect(comparison.files.map { $0.policies["perfect"]?.makespanSeconds } == [3600, 3600])
        #expect(comparison.policies["perfect"]?.makespanSeconds == 7200)
        #expect(
            comparison.text.hasSuffix(
                """
                all 2 traces: 2 jobs

                | policy  | hours | of the least | wasted GiB·h | killed | of attempts |
                |---------|------:|-------------:|-------------:|-------:|------------:|
                | perfect |   2.0 |       × 1.00 |          0.0 |      0 |      0.00 % |
                """))
    }
}
