import CGExec
import Foundation
import Support
import Testing

@testable import cgexec_pool

@Suite struct ReplayTests {
    private static let memory = ByteSize.gib(128)

    /// Jobs of an hour that declared 4 GiB.
    private static func trace(_ gibibytes: [Double]) -> Trace {
        Trace(
            file: "t",
            jobs: gibibytes.map {
                TraceJob(start: 0, category: "c", size: $0, peak: $0 * 0x1p30, seconds: 3600, declared: 0x1p32)
            })
    }

    /// Peaks of 1, 1, 1 and 2 GiB, by hand.
    @Test(
        arguments: [
            ("declared", 3 + 3 + 3 + 2, 0),
            ("perfect", 0, 0),
            ("max-1.00", 3 + 3 + 3 + 1, 1),
            ("max-1.10", 3 + 3 + 3 + 1.1 + 0.2, 1),
            ("max-n-1.10", 3 + 1 + 0.5 + 4.0 / 3 + 2, 1),
            ("p95", 3 + 3 + 3 + 1, 1),
            ("witt", 3 + 3 + 3 + 2, 0),
            ("tovar", 3 + 3 + 3 + 1 + 2, 1),
            ("learned", 3 + 1 + 0.5 + 1366.0 / 1024 + 2, 1),
        ] as [(String, Double, Int)])
    func `the figures of a small trace`(_ text: String, _ wasted: Double, _ killed: Int) throws {
        let name = try #require(PolicyName(text))
        #expect(name.description == text)
        let result = replay(Self.trace([1, 1, 1, 2]), name, memory: Self.memory)
        #expect(abs(result.wastedGiBHours - wasted) < 1e-9)
        #expect(result.killedAttempts == killed)
        #expect(result.attempts == 4 + killed)
        #expect(result.declaredWastedGiBHours == 11)
        #expect(result.makespanSeconds == Double(4 + killed) * 3600)
        #expect(result.lowerBoundSeconds == 4 * 3600)
    }

    @Test func `what the reference policies reserve`() {
        var percentile = PercentilePolicy()
        var regression = RegressionPolicy()
        var leastWaste = LeastWastePolicy()
        let jobs = Self.trace((1...21).map { Double($0) }).jobs
        for job in jobs {
            percentile.learn(job)
            regression.learn(job)
            leastWaste.learn(job)
        }
        var next = jobs[0]
        next.size = 30
        #expect(percentile.reservation(for: next) == 20 * 0x1p30)
        #expect(abs(regression.reservation(for: next) - 30 * 0x1p30) < 1)
        // Of a first reservation of k and a second of 21: 21 k + 21 (21 - k) is the same for all k.
        #expect(leastWaste.reservation(for: next) == 0x1p30)
        // Ten short jobs that need more are worth a failure.
        for _ in 0..<50 {
            next.peak = 5 * 0x1p30
            leastWaste.learn(next)
        }
        #expect(leastWaste.reservation(for: next) == 5 * 0x1p30)
        #expect(leastWaste.next(for: next, after: 5 * 0x1p30, attempt: 1) == 21 * 0x1p30)
        #expect(leastWaste.next(for: next, after: 21 * 0x1p30, attempt: 2) == 42 * 0x1p30)
    }

    @Test func `a job that needs the whole machine gets it`() {
        for name in PolicyName.usual {
            let result = replay(Self.trace([1, 1, 1, 1, 1, 1, 1, 128]), name, memory: Self.memory)
            #expect(result.attempts == 8 + result.killedAttempts)
            #expect((0...7).contains(result.killedAttempts), "\(name)")
        }
    }

    @Test(arguments: ["", "max", "max-", "max-0.9", "max-n-", "max-x", "Learned", "max-1000"])
    func `what names no policy`(_ text: String) { #expect(PolicyName(text) == nil) }

    /// Jobs of our own making: a fixed heap, one that follows its input, one that varies, and small ones.
    private static func mixture(seed: UInt64) -> Trace {
        var random = SeededGenerator(seed: seed)
        let jobs = (0..<600).map { number in
            let size = Double.random(in: 1...10, using: &random)
            let varies = Double.random(in: 0...1, using: &random)
            let (name, mebibytes, declared): (String, Double, Double) =
                switch number % 4 {
                case 0: ("heap", varies < 0.1 ? 2000 : 8000 + 80 * varies, 16_000)
                case 1: ("input", 500 + 700 * size + 100 * varies, 12_000)
                case 2: ("varies", 1000 + 1500 * varies * varies, 4000)
                default: ("small", 10 + 3 * varies, 1000)
                }
            return TraceJob(
                start: Double(number), category: name, size: size * 1e9, peak: (mebibytes * 0x1p20).rounded(),
                seconds: 60 * (0.5 + varies), declared: declared * 0x1p20)
        }
        return Trace(file: "mixture", jobs: jobs)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `no reference policy wastes less and kills less`(_ seed: UInt64) throws {
        let comparison = PolicyComparison(
            [Self.mixture(seed: seed)], PolicyName.usual, .sequential(memory: Self.memory))
        let learned = try #require(comparison.policies["learned"])
        #expect(try #require(learned.change) < -0.7)
        #expect(Double(learned.killedAttempts) < 0.012 * Double(learned.attempts))
        for (name, other) in comparison.policies where name != "perfect" && name != "learned" {
            #expect(
                learned.wastedGiBHours < other.wastedGiBHours || learned.killedAttempts < other.killedAttempts,
                "\(name)")
        }
    }

    @Test func `the figures add up, for people and for programs`() throws {
        let traces = [Self.trace([1, 1, 1, 2]), Self.trace([1])]
        let names = try ["declared", "max-1.10"].map { try #require(PolicyName($0)) }
        let comparison = PolicyComparison(traces, names, .sequential(memory: Self.memory))
        #expect(
            comparison.text == """
                t: 4 jobs

                | policy   | wasted GiB·h | vs declared | killed | of attempts | hours |
                |----------|-------------:|------------:|-------:|------------:|------:|
                | declared |         11.0 |       0.0 % |      0 |      0.00 % |   4.0 |
                | max-1.10 |         10.3 |      -6.4 % |      1 |     20.00 % |   5.0 |

                t: 1 job

                | policy   | wasted GiB·h | vs declared | killed | of attempts | hours |
                |----------|-------------:|------------:|-------:|------------:|------:|
                | declared |          3.0 |       0.0 % |      0 |      0.00 % |   1.0 |
                | max-1.10 |          3.0 |       0.0 % |      0 |      0.00 % |   1.0 |

                all 2 traces: 5 jobs

                | policy   | wasted GiB·h | vs declared | killed | of attempts | hours |
                |----------|-------------:|------------:|-------:|------------:|------:|
                | declared |         14.0 |       0.0 % |      0 |      0.00 % |   5.0 |
                | max-1.10 |         13.3 |      -5.0 % |      1 |     16.67 % |   6.0 |
                """)
        let json = try JSONDecoder().decode(Printed.self, from: Data(comparison.json().utf8))
        #expect(json.policies == comparison.policies)
        #expect(json.files.map(\.policies) == comparison.files.map(\.policies))
    }

    private struct Printed: Decodable {
        struct Part: Decodable {
            var file: String
            var policies: [String: PolicyResult]
        }
        var policies: [String: PolicyResult]
        var files: [Part]
    }
}
