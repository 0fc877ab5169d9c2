import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// Jobs that grow beyond what was foreseen, in a packed pool, and the same ones in a strict pool that was told.
    @Suite(.scratchCgroup, .needs(.controller("memory"))) struct Packing {
        /// Twelve programs that grow to 700 MiB each under a budget of 3 GiB, of which four fit. That takes 3 s on a
        /// machine that is fast enough. An emulated one is not, so it does a small part of it in nearly the same time; the
        /// scheduler's times are absolute, so what it sees grows as fast relative to the budget.
        struct Size: CustomTestStringConvertible {
            var divisor: UInt64
            var seconds: UInt64

            var budget: MemoryAmount { .size(ByteSize(3 << 30 / divisor)) }
            /// What each program needs at most, its own code and the kernel's part included.
            var declared: MemoryAmount { .size(ByteSize(768 << 20 / divisor)) }
            /// What is reserved for it at first in the packed pool: a third.
            var guess: MemoryAmount { .size(ByteSize(256 << 20 / divisor)) }
            var limit: MemoryAmount { .size(ByteSize(1 << 30 / divisor)) }
            var bytes: UInt64 { 700 << 20 / divisor }
            var testDescription: String { "1/\(divisor) in \(seconds) s" }

            func job(_ number: Int, memory: MemoryAmount, need: MemoryAmount? = nil) throws -> Job {
                var job = Job(
                    "probe \(number)", try Programs.probe("memory", "\(bytes)", "--rate", "\(bytes / seconds)/s"),
                    limits: Limits(memory: memory))
                job.limits.need = need
                return job
            }
        }

        private static let sizes: [Size] =
            [Size(divisor: 24, seconds: 4)] + (Soak.isLong ? [Size(divisor: 1, seconds: 30)] : [])
        private static let count = 12

        /// What else the host does only adds to a makespan, and to both alike only where it lasts: so the best of three counts.
        @Test(arguments: sizes) func `packed`(_ size: Size) async throws {
            let base = try ScratchCgroup.current().path
            try await onOwnThread {
                var ratios: [Double] = []
                while ratios.count < 3, ratios.allSatisfy({ $0 > 1.6 }) {
                    let ideal = try strict(size, at: base)
                    ratios.append(try packed(size, at: base) / ideal)
                }
                #expect((ratios.min() ?? .infinity) <= 1.6, "times the makespan of four at a time: \(ratios)")
            }
        }

        /// Twelve at once, of which some are taken back; gives the time that it took.
        private func packed(_ size: Size, at base: String) throws -> Double {
            var configuration = PoolConfiguration(jobs: .count(Self.count), budget: size.budget)
            configuration.mode = .packed
            let jobs = try (1...Self.count).map { try size.job($0, memory: size.limit, need: size.guess) }
            let pool = try ObservedPool(configuration, for: jobs, at: base)
            let records = pool.run(jobs)
            #expect(records.map(\.outcome.kind) == Array(repeating: .ok, count: Self.count))
            #expect(pool.attempts.allSatisfy { $0.outcome.culprit != .host }, "\(pool.attempts.map(\.outcome))")

            let victims = pool.attempts.filter { $0.outcome.kind == .postponed || $0.outcome.culprit == .pool }
            #expect(!victims.isEmpty, "memory for four was promised to twelve")
            let times = Dictionary(grouping: victims, by: \.id).mapValues(\.count)
            #expect(times.values.allSatisfy { $0 <= 3 }, "\(times)")

            let running = pool.decisions.map(\.running)
            let last = pool.decisions.lastIndex { decision in
                decision.effects.contains { if case .retry = $0 { true } else { false } }
            }
            #expect(running.max() == Self.count && running.contains(3))
            let later = running.dropFirst((last ?? 0) + 1).max() ?? 0
            #expect(later >= 1 && later < Self.count, "later phases have fewer workers: \(later)")
            return pool.makespan
        }

        /// Four at a time, with nobody in another's way; gives the time that it took.
        private func strict(_ size: Size, at base: String) throws -> Double {
            let configuration = PoolConfiguration(jobs: .count(Self.count), budget: size.budget)
            let jobs = try (1...Self.count).map { try size.job($0, memory: size.declared) }
            let pool = try ObservedPool(configuration, for: jobs, at: base)
            let before = hostKills()
            let records = pool.run(jobs)
            #expect(records.map(\.outcome.kind) == Array(repeating: .ok, count: Self.count))
            #expect(pool.attempts.isEmpty && hostKills() == before, "nothing was ended for a neighbour")
            let running = pool.decisions.filter(\.isEnd).map(\.running)
            #expect(Array(running) == Array(repeating: 4, count: 8) + [3, 2, 1, 0], "four ran throughout")
            return pool.makespan
        }
    }
}

/// OOM kills of this machine so far, of whatever kind.
private func hostKills() -> UInt64 { CgroupTree.number("oom_kill", in: "/proc/vmstat") ?? 0 }
