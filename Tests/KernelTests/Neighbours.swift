import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// What one job's breach does to another: nothing.
    @Suite(.scratchCgroup, .needs(.controller("memory"), .controller("cpuset"), .cpus(4))) struct Neighbours {
        /// One that is killed for its memory, on other CPUs.
        private func breach(_ size: String = "128M", of limit: MemoryAmount = .mib(64)) throws -> Job {
            var job = Job("breach", try Programs.probe("memory", size), limits: Limits(memory: limit))
            job.limits.cpuset = CPUSet([1])
            return job
        }

        @Test func `a neighbour's memory events stay all 0`() async throws {
            let base = try ScratchCgroup.current().path
            let mailbox = try Mailbox()
            var holder = Job("holder", try Programs.probe("memory", "32M", "--hold", "1h"), stdout: .file(mailbox.path))
            holder.limits.memory = .mib(64)
            async let ended = InProcess.record(of: holder, at: base)
            let process = try #require(Report(await mailbox.line()).processes?.first?.pid)
            defer { kill(process, SIGKILL) }
            let pool = try #require(CgroupTree.children(of: base).first)
            let leaf = "\(base)/\(pool)/job-1.1"

            let breach = try await InProcess.record(of: breach(), at: base)
            #expect(breach.outcome.kind == .memory && breach.outcome.culprit == .job, "\(breach.outcome)")
            let events = try #require(CgroupTree.text(of: leaf + "/memory.events"))
            let numbers = events.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
            #expect(numbers.count >= 5 && numbers.allSatisfy { $0 == 0 }, "\(events)")
            #expect(Processes.isAlive(process))
            kill(process, SIGKILL)
            _ = try await ended
        }

        /// What a neighbour's work costs it, in CPU seconds of its leaf for each byte it writes, while the other job does
        /// nothing, allocates within its limit, and breaches it.
        ///
        /// An emulator's CPUs share the host's, so there a second busy one makes the first slower, whatever it does. That
        /// is why the breach is compared with a job that does the same without one, in turns of about half a second: the shorter they
        /// are, the more of them tell what the host's own ups and downs hide.
        @Test func `a neighbour's CPU seconds stay within 3 percent`() async throws {
            let base = try ScratchCgroup.current().path
            var neighbour = Job("neighbour", try Programs.probe("write", "1000G", "--line", "--to", "/dev/null"))
            neighbour.limits.cpuset = CPUSet([3])
            neighbour.limits.memory = .mib(64)
            let breach = try breach("48M", of: .mib(24))
            var within = breach
            within.command = try Programs.probe("memory", "20M")
            let idle = Job("idle", ["sleep", "0.3"])
            let turns = [idle, within, breach]
            let costs = try await onOwnThread { [neighbour] in
                try Duel(neighbour, turns: turns, at: base).run(until: { ratios in
                    ratios.count >= 20 && (spread(ratios.map { $0[2] / $0[1] }) <= 0.01 || ratios.count >= 100)
                })
            }
            let change = quietest(costs.map { $0[2] }) / quietest(costs.map { $0[1] }) - 1
            let toIdle = quietest(costs.map { $0[2] }) / quietest(costs.map { $0[0] }) - 1
            #expect(abs(change) <= 0.03, "\(change) in \(costs.count) turns; to idle \(toIdle); \(costs)")
        }
    }
}

/// A neighbour that works all the time, and other jobs beside it in turns.
private final class Duel {
    private let pool: PoolRun
    private let turns: [Job]
    private let base: String
    private let neighbour: Job
    private var neighbourID: JobID?
    private var leaf = ""
    private var process: Int32 = 0
    private var before: (bytes: UInt64, seconds: Double)?
    private var costs: [Double] = []

    init(_ neighbour: Job, turns: [Job], at base: String) throws {
        let reactor = try Reactor()
        let jobs = [neighbour] + turns
        let setup = try PoolSetup(
            PoolConfiguration(jobs: .count(2)), for: .init(jobs: jobs, plansMemory: false), at: .find(requested: base),
            reactor: reactor)
        pool = PoolRun(setup, reactor: reactor)
        self.neighbour = neighbour
        self.turns = turns
        self.base = base
    }

    /// The neighbour's cost for each byte in each turn, in rounds of all turns.
    func run(until isEnough: @escaping ([[Double]]) -> Bool) throws -> [[Double]] {
        var rounds: [[Double]] = []
        var isOver = false
        pool.onStart = { [unowned self] id, _, _ in
            if id == neighbourID { begin() }
        }
        pool.onRecord = { [unowned self] record in
            if record.id == neighbourID || isOver { return }
            end()
            if costs.count == turns.count {
                rounds.append(costs)
                costs = []
            }
            isOver = isEnough(rounds)
            if isOver, let neighbourID { pool.signal(neighbourID, SIGKILL) } else { next() }
        }
        neighbourID = pool.submit(neighbour)
        try pool.run()
        pool.close()
        return rounds
    }

    private func begin() {
        leaf = CgroupTree.children(of: base).first.map { "\(base)/\($0)/job-1.1" } ?? ""
        process = CgroupTree.processes(below: leaf).first ?? 0
        next()
    }

    private func next() {
        before = now()
        _ = pool.submit(turns[costs.count])
    }

    private func end() {
        guard let before, let after = now(), after.bytes > before.bytes else { return costs.append(.nan) }
        costs.append((after.seconds - before.seconds) / Double(after.bytes - before.bytes))
    }

    private func now() -> (bytes: UInt64, seconds: Double)? {
        let written = CgroupTree.text(of: "/proc/\(process)/io")?.split(separator: "\n").first {
            $0.hasPrefix("wchar: ")
        }
        guard let bytes = written.flatMap({ UInt64($0.dropFirst(7)) }),
            let used = CgroupTree.number("usage_usec", in: leaf + "/cpu.stat")
        else { return nil }
        return (bytes, Double(used) / 1e6)
    }
}

/// The mean of the lowest quarter. What else the host does only ever adds to a cost: in a guest, time that the host takes
/// away is counted as CPU time of whoever had the CPU.
private func quietest(_ values: [Double]) -> Double {
    let lowest = values.sorted().prefix(max(1, values.count / 4))
    return lowest.reduce(0, +) / Double(lowest.count)
}

/// How uncertain the median is: the width of the middle half over the root of the number of values.
private func spread(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return (sorted[sorted.count * 3 / 4] - sorted[sorted.count / 4]) / Double(sorted.count).squareRoot()
}
