import Glibc
import Support
import Testing

@testable import CGExec

/// A pool that has run for long holds no more than one that has just begun.
@Suite(.scratchCgroup) struct EnduranceTests {
    /// How many jobs: `CGEXEC_TESTS_JOBS`, or as many as take less than a minute here.
    private static let jobs =
        getenv("CGEXEC_TESTS_JOBS").flatMap { Int(String(cString: $0)) } ?? Patience.rounds(20_000, inVM: 200)

    @Test func `thousands of jobs leave no leaf, no descriptor, no zombie, and no memory`() async throws {
        let base = try ScratchCgroup.current().path
        // A process of its own, whose descriptors and memory are nobody else's.
        await #expect(processExitsWith: .success) { [base = base as String, jobs = Self.jobs as Int] in
            try Self.proveThatCountersCount(base)
            let (early, late) = try Self.run(jobs, at: base)
            let seen: Comment = "\(early) \(late)"
            #expect(late.leaves == early.leaves, seen)
            #expect(late.descriptors == early.descriptors, seen)
            #expect(late.children == early.children, seen)
            // One that is about to be idle is not counted on, so there may be a few more than were ever busy.
            #expect(late.threads - early.threads <= 4, seen)
            #expect(late.residentBytes - early.residentBytes < 1 << 20, seen)
            #expect(Holdings(base).children == 0)
            #expect(CgroupTree.children(of: base).isEmpty)
        }
    }

    /// What a process holds.
    private struct Holdings {
        let leaves: Int
        /// Their numbers.
        let descriptors: Set<Int32>
        /// Children, zombies included.
        let children: Int
        let threads: Int
        let residentBytes: Int

        init(_ base: String) {
            leaves = CgroupTree.children(of: base).map { CgroupTree.children(of: "\(base)/\($0)").count }.reduce(0, +)
            // Without the one that lists them.
            descriptors = Set(entries(of: "/proc/self/fd").compactMap { Int32($0) }.filter { fcntl($0, F_GETFD) >= 0 })
            children = Processes.children(of: getpid()).count
            threads = entries(of: "/proc/self/task").count
            // In kB, and unlike statm counted to the page.
            let rollup = (contents(of: "/proc/self/smaps_rollup") ?? "").split(separator: "\n").first {
                $0.hasPrefix("Rss:")
            }
            residentBytes = (rollup?.split(separator: " ").compactMap { Int($0) }.first ?? 0) * 1024
        }
    }

    private static func proveThatCountersCount(_ base: String) throws {
        let before = Holdings(base)
        mkdir(base + "/pool", 0o755)
        mkdir(base + "/pool/leaf", 0o755)
        let pipe = try Pipe()
        let zombie = try #require(Support.Command(["true"]).start())
        var info = siginfo_t()
        waitid(P_PID, id_t(zombie), &info, WEXITED | WNOWAIT)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 << 20, alignment: 4096)
        memory.initializeMemory(as: UInt8.self, repeating: 1)
        let after = Holdings(base)
        memory.deallocate()
        let seen: Comment = "\(before) \(after)"
        #expect(after.leaves == before.leaves + 1, seen)
        // Not those that are new: the runtime's own threads may have closed one in between.
        #expect(after.descriptors.isSuperset(of: [pipe.read, pipe.write]), seen)
        #expect(after.children == before.children + 1, seen)
        #expect(after.residentBytes - before.residentBytes >= 8 << 20, seen)
        for end in [pipe.read, pipe.write] { close(end) }
        _ = Support.Command.wait(for: zombie)
        rmdir(base + "/pool/leaf")
        rmdir(base + "/pool")
    }

    /// Runs the jobs, two at a time; what is held after a tenth of them, and after all, each while no job runs.
    private static func run(_ count: Int, at base: String) throws -> (early: Holdings, late: Holdings) {
        let reactor = try Reactor()
        let purpose = PoolSetup.Purpose(plansMemory: false)
        let setup = try PoolSetup(
            PoolConfiguration(jobs: .count(2)), for: purpose, at: .find(requested: base), reactor: reactor)
        let pool = PoolRun(setup, reactor: reactor)
        var failed = 0
        func run(_ count: Int) throws -> Holdings {
            // A job in the queue takes memory, too, so there are never more than two.
            var left = count
            func submit() {
                guard left > 0 else { return }
                left -= 1
                _ = pool.submit(Job("true", ["true"]))
            }
            pool.onRecord = { record in
                if record.outcome.kind != .ok { failed += 1 }
                submit()
            }
            for _ in 1...2 { submit() }
            try pool.run()
            return Holdings(base)
        }
        let early = try run(count / 10)
        let late = try run(count - count / 10)
        pool.close()
        #expect(failed == 0)
        return (early, late)
    }
}
