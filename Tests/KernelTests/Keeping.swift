import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// The process that removes what a pool leaves, should it die.
    @Suite(.scratchCgroup) struct Keeping {
        /// A program of its own that embeds the library, keeps two jobs running, and dies at some moment from before its
        /// first pool on. It and its keeper live in a cgroup of their own, so that they are seen to be gone.
        @Test func `SIGKILL of a program that embeds the library leaves nothing`() async throws {
            let scratch = try ScratchCgroup.current()
            let home = try scratch.make("program")
            let base = try scratch.make("base")
            let seed = SeededGenerator.newSeed()
            var dice = SeededGenerator(seed: seed)
            for round in 0..<Patience.rounds(20, inVM: 4) {
                let pause = UInt32.random(in: 0...(Patience.requiresAll ? 1_500_000 : 150_000), using: &dice)
                let words = "round \(round), after \(pause) µs, CGEXEC_TESTS_SEED=\(seed)"
                await #expect(processExitsWith: .signal(SIGKILL), "\(words)") {
                    [home = home as String, base = base as String, pause = pause as UInt32] in
                    CgroupTree.write("0", to: home + "/cgroup.procs")
                    async let _ = onOwnThread {
                        usleep(pause)
                        kill(getpid(), SIGKILL)
                    }
                    // Short ones, and ones that would stay; each leaves a daemon behind.
                    let probe = try Programs.probe()
                    let jobs = (0..<5_000).map { index in
                        Job(
                            "job",
                            [
                                "sh", "-c", "\"$0\" daemon --hold 1h; exec sleep \(index % 3 == 0 ? "1h" : "0.001")",
                                probe,
                            ])
                    }
                    _ = try await InProcess.records(of: jobs, PoolConfiguration(jobs: .count(3)), at: base)
                }
                try CgroupTree.waitUntilChildless(base)
                #expect(CgroupTree.waitUntilEmpty(home), "the keeper ends as well: \(words)")
            }
        }

        @Test func `it does not pin the memory of a large program`() async throws {
            let base = try ScratchCgroup.current().path
            await #expect(processExitsWith: .success) { [base = base as String] in
                let size = 512 << 20
                let block = try #require(mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
                memset(block, 1, size)
                let own = try #require(Processes.memory(of: getpid()))
                #expect(own.rss >= UInt64(size), "the counter counts: \(own)")

                let place = try Workplace(in: Rig.subtree(base), budget: nil, bestEffort: false)
                let keeper = try #require(Processes.children(of: getpid()).first, "this program has no other child")
                // It settles a moment after its start, and no event tells of that.
                let deadline = Patience.Deadline()
                var memory = Processes.memory(of: keeper)
                while let now = memory, now.rss >= 2 << 20, deadline.milliseconds > 0 {
                    usleep(20_000)
                    memory = Processes.memory(of: keeper)
                }
                let settled = try #require(memory)
                #expect(settled.rss < 2 << 20 && settled.pss < 2 << 20, "\(settled)")
                place.close()
                #expect(!Processes.isAlive(keeper), "a pool that closes dismisses it")
                munmap(block, size)
            }
        }

        @Test func `a pool that closes leaves no keeper`() async throws {
            let base = try ScratchCgroup.current().path
            _ = try await InProcess.record(of: Job("brief", ["true"]), at: base)
            let names = Processes.children(of: getpid()).compactMap(Processes.name)
            #expect(!names.contains("cgexec-keeper"), "\(names)")
        }
    }
}
