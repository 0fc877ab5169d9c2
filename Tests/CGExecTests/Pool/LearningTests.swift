import Support
import Testing

@testable import CGExec

/// What one pool learns, in another one.
@Suite struct LearningTests {
    private typealias Program = SimulatedKernel.Program

    private static let host = "x86_64-6.12-4"

    private static func pool(_ needs: LearnedNeeds)
        -> SimulatedPool
    {
        SimulatedPool(
            slots: 4, budget: .gib(4), shares: true, learned: needs.model(for: host),
            surroundings: { $0.identifiesPrograms = true }
        ) { _ in Program(duration: .seconds(1), peakMemory: .mib(200)) }
    }

    private static func jobs(_ count: Int, _ program: String = "p") -> [Job] {
        (1...count).map { number in
            var job = Job("j\(number)", [program], category: "c")
            job.limits.need = .gib(2)
            return job
        }
    }

    /// Runs the jobs and gives what the next pool starts with.
    private static func learn(_ jobs: [Job], after needs: LearnedNeeds = LearnedNeeds())
        -> (needs: LearnedNeeds, pool: SimulatedPool)
    {
        let pool = pool(needs)
        var needs = needs
        pool.core.onLearned = { needs.learn([$0], on: host, at: SimulatedPool.epoch) }
        _ = pool.run(jobs)
        return (needs, pool)
    }

    @Test func `the second pool reserves what the first one learned, and starts more at once`() {
        let first = Self.learn(Self.jobs(20))
        #expect(first.pool.starts.prefix(2).map(\.grant.memory) == [.gib(2), .gib(2)])
        #expect(first.needs.entries.map(\.samples) == [20])
        let second = Self.learn(Self.jobs(4), after: first.needs)
        let starts = second.pool.records.compactMap { SimulatedPool.seconds($0.times.started) }
        #expect(starts == [0, 0, 0, 0], "two of 2 GiB fit, and four of what they need")
        #expect(second.pool.starts.map(\.grant.memory) == Array(repeating: .mib(210), count: 4))
        #expect(second.needs.entries.map(\.samples) == [24])
    }

    @Test func `another program begins anew, and so does another kind of host`() {
        let needs = Self.learn(Self.jobs(20)).needs
        let other = Self.learn(Self.jobs(1, "q"), after: needs)
        #expect(other.pool.starts.map(\.grant.memory) == [.gib(2)])
        #expect(other.needs.entries.map(\.program.path) == ["p", "q"])
        let elsewhere = SimulatedPool(
            slots: 4, budget: .gib(4), shares: true, learned: needs.model(for: "arm"),
            surroundings: { $0.identifiesPrograms = true }
        ) { _ in Program(duration: .seconds(1)) }
        _ = elsewhere.run(Self.jobs(1))
        #expect(elsewhere.starts.map(\.grant.memory) == [.gib(2)])
    }

    @Test func `an attempt that ended at its limit teaches the next pool too`() throws {
        var job = Job("j", ["p"], category: "c")
        job.limits.memory = .mib(100)
        let needs = Self.learn([job]).needs
        let entry = try #require(needs.entries.first)
        #expect(entry.samples == 0 && entry.highest == nil && entry.estimate == .mib(200))
        #expect(Self.learn(Self.jobs(1), after: needs).pool.starts.map(\.grant.memory) == [.gib(2)])
    }

    @Test func `without a category nothing is asked for or learned`() {
        var job = Job("j", ["p"])
        job.limits.need = .gib(2)
        let result = Self.learn([job, Job("stub", [], category: "c")])
        #expect(result.pool.records.map(\.outcome.kind) == [.ok, .ok] && result.needs == LearnedNeeds())
    }

    @Test func `a fallback is another program`() {
        let pool = SimulatedPool(slots: 1, surroundings: { $0.identifiesPrograms = true }) { plan in
            Program(duration: .seconds(1), peakMemory: .mib(9), status: .exited(plan.command == [[112]] ? 1 : 0))
        }
        var learned = 0
        pool.core.onLearned = { _ in learned += 1 }
        var job = Job("j", ["p"], category: "c")
        job.fallback = ["q"]
        #expect(pool.run([job]).map(\.outcome.kind) == [.ok] && pool.attempts.count == 1 && learned == 0)
    }
}
