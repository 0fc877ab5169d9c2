import CGExec
import Testing

@testable import cgexec_pool

/// The model against PyExPool itself: 3.2.1 from PyPI, Python 3.11, psutil 7.2, 4 workers, 2 GiB, default latency, on a
/// virtual machine with 2 cores, each measured two or more times.
@Suite struct PyExPoolModelTests {
    /// A job as it was run: MB of 10⁶ bytes that it takes evenly, and seconds.
    private struct Measured: Sendable {
        var megabytes: Double
        var seconds: Double
        var category: String
        var size = 0.0
        /// Over which part of its run it takes its memory.
        var rise = 0.5

        /// PyExPool weighs address space as a tenth; the measured program mapped twice what it used.
        var program: Rehearsal.Program {
            Rehearsal.Program(
                category: category, size: size, declared: .gib(2), peak: ByteSize(UInt64(megabytes * 1.1e6)),
                duration: .seconds(seconds + 0.02))
        }
    }

    private static func run(_ jobs: [Measured]) -> [Rehearsal.Attempt] {
        PyExPool.run(jobs.map(\.program), workers: 4, memory: .gib(2)) { jobs[$0].rise }
    }

    private struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var jobs: [Measured]
        /// The totals and the kills of the runs.
        var seconds: [Double]
        var kills: ClosedRange<Int>
    }

    private static let cases = [
        Case(
            testDescription: "twelve alike",
            jobs: Array(repeating: Measured(megabytes: 700, seconds: 9, category: "c", size: 1), count: 12),
            seconds: [60.16, 60.39], kills: 2...2),
        Case(
            testDescription: "three sorts of six",
            jobs: Array(repeating: Measured(megabytes: 600, seconds: 5, category: "x", size: 1), count: 6)
                + Array(repeating: Measured(megabytes: 900, seconds: 7, category: "y", size: 2), count: 6)
                + (1...6).map { Measured(megabytes: 100, seconds: 3, category: "none \($0)") },
            seconds: [64.30, 58.56], kills: 4...5),
        Case(
            testDescription: "twelve of two categories",
            jobs: [
                Measured(megabytes: 900, seconds: 11, category: "a", size: 4),
                Measured(megabytes: 900, seconds: 11, category: "b", size: 5),
                Measured(megabytes: 400, seconds: 5, category: "a", size: 5),
                Measured(megabytes: 900, seconds: 11, category: "b", size: 2),
                Measured(megabytes: 200, seconds: 9, category: "a", size: 3),
                Measured(megabytes: 400, seconds: 3, category: "b", size: 5),
                Measured(megabytes: 200, seconds: 11, category: "a", size: 4),
                Measured(megabytes: 900, seconds: 11, category: "b", size: 2),
                Measured(megabytes: 200, seconds: 11, category: "a", size: 1),
                Measured(megabytes: 200, seconds: 3, category: "b", size: 2),
                Measured(megabytes: 400, seconds: 11, category: "a", size: 1),
                Measured(megabytes: 900, seconds: 7, category: "b", size: 4),
            ],
            seconds: [50.16, 48.33], kills: 2...3),
        Case(
            testDescription: "sixteen of three categories",
            jobs: [
                Measured(megabytes: 500, seconds: 13, category: "a", size: 4),
                Measured(megabytes: 800, seconds: 9, category: "b", size: 1),
                Measured(megabytes: 300, seconds: 9, category: "c", size: 5),
                Measured(megabytes: 1200, seconds: 13, category: "a", size: 2),
                Measured(megabytes: 800, seconds: 7, category: "b", size: 4),
                Measured(megabytes: 800, seconds: 3, category: "c", size: 2),
                Measured(megabytes: 300, seconds: 9, category: "a", size: 2),
                Measured(megabytes: 800, seconds: 9, category: "b", size: 2),
                Measured(megabytes: 300, seconds: 3, category: "c", size: 4),
                Measured(megabytes: 500, seconds: 3, category: "a", size: 8),
                Measured(megabytes: 1200, seconds: 9, category: "b", size: 7),
                Measured(megabytes: 300, seconds: 13, category: "c", size: 4),
                Measured(megabytes: 800, seconds: 7, category: "a", size: 2),
                Measured(megabytes: 800, seconds: 7, category: "b", size: 1),
                Measured(megabytes: 1200, seconds: 3, category: "c", size: 3),
                Measured(megabytes: 500, seconds: 3, category: "a", size: 1),
            ],
            seconds: [64.35, 68.34], kills: 2...3),
    ]

    @Test(arguments: cases)
    private func `takes as long as PyExPool, within a tenth`(_ run: Case) throws {
        let attempts = Self.run(run.jobs)
        let mean = run.seconds.reduce(0, +) / Double(run.seconds.count)
        let total = try #require(attempts.map(\.ended).max())
        let error = abs(total / mean - 1)
        #expect(error <= 0.1, "\(total) s, measured \(run.seconds)")
        #expect(run.kills.contains(attempts.count(where: \.isKilled)))
        #expect(attempts.count { !$0.isKilled } == run.jobs.count)
    }

    /// Python programs that fill 1000 MB as fast as they can and then sleep for 6 s. PyExPool took 70.3 s for eight of
    /// them, and 72.3 s in a run of which each start was noted: the first four, on two cores, were still filling at the
    /// second look, by which three were killed, and the fourth was done by the sixth; each of the others was alone, and
    /// its end was seen after 8 s, of two after 10 s.
    @Test func `eight of 1000 MB take 70 s, one after another, after three of four were killed`() throws {
        let programs = (0..<8).map { number in
            Rehearsal.Program(
                category: "c", size: 0, declared: .gib(2), peak: .mib(963),
                duration: .seconds(number == 0 ? 10.5 : 7.5))
        }
        let attempts = PyExPool.run(programs, workers: 4, memory: .gib(2)) { number in
            number == 0 ? 3.6 / 10.5 : number < 4 ? 3.6 / 7.5 : 1.5 / 7.5
        }
        #expect(attempts.count(where: \.isKilled) == 3)
        let done = attempts.filter { !$0.isKilled }
        #expect(done.count == 8)
        for (before, after) in zip(done, done.dropFirst()) { #expect(before.ended <= after.started) }
        let total = try #require(done.last?.ended)
        let error = abs(total / 70.3 - 1)
        #expect(error <= 0.05, "\(total) s")
    }

    @Test func `fills the machine where memory is plenty`() {
        let program = Rehearsal.Program(
            category: "c", size: 1, declared: .gib(2), peak: .mib(10), duration: .seconds(5.5))
        let attempts = PyExPool.run(Array(repeating: program, count: 40), workers: 10, memory: .gib(2))
        #expect(attempts.count == 40 && attempts.allSatisfy { !$0.isKilled })
        // Four rounds, each seen to end by the third look.
        let end = attempts.map(\.ended).max() ?? 0
        #expect(end > 24 && end < 24.1, "\(end)")
        #expect(Set(attempts.map(\.slot)) == Set(0..<10))
    }
}
