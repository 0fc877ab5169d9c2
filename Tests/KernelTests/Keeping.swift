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

        @Test func `a keeper that is killed is replaced by another`() async throws {
            let base = try ScratchCgroup.current().path
            let child = try Child(Programs.exec(["--cgroup", base], ["sh", "-c", "echo up; exec sleep 1000"]))
            #expect(try child.line() == "up")
            var killed: Int32 = 0
            for _ in 0..<3 {
                let keeper = try keeper(of: child.pid, otherThan: killed)
                kill(keeper, SIGKILL)
                killed = keeper
            }
            _ = try keeper(of: child.pid, otherThan: killed)
            child.signal(SIGKILL)
            _ = try child.wait()
            try CgroupTree.waitUntilChildless(base)
        }

        /// The keeper of a process, when it has one that is not `dead`; no event tells of its start.
        private func keeper(of process: Int32, otherThan dead: Int32) throws -> Int32 {
            let deadline = Patience.Deadline()
            while deadline.milliseconds > 0 {
                let keeper = Processes.children(of: process).first {
                    $0 != dead && Processes.name($0) == "cgexec-keeper" && Processes.isAlive($0)
                }
                if let keeper { return keeper }
                poll(nil, 0, 1)
            }
            throw Trouble("\(process) has no keeper")
        }

        @Test func `where keepers are killed again and again, the record says that none is left`() async throws {
            let base = try ScratchCgroup.current().path
            let file = try ScratchDirectory()
            let child = try Child(
                Programs.exec(
                    ["--cgroup", base, "--json", file.file("record")], ["sh", "-c", "echo up >&2; exec cat"]),
                standard: .input)
            #expect(try child.line(.stderr) == "up")
            var killed: Int32 = 0
            for _ in 0...Workplace.mostRenewals {
                let keeper = try keeper(of: child.pid, otherThan: killed)
                kill(keeper, SIGKILL)
                killed = keeper
            }
            // Until the last is reaped as well.
            let deadline = Patience.Deadline()
            while Processes.children(of: child.pid).contains(killed), deadline.milliseconds > 0 { poll(nil, 0, 1) }
            child.closeInput()
            let finish = try child.wait()
            #expect(finish.status == .exited(0), "\(finish)")
            let notes = try JSONValue(parsing: #require(contents(of: file.file("record"))))["notes"]
            guard case .list(let notes) = notes, notes.count == 1, let note = notes[0].text else {
                throw Trouble("no note: \(finish)")
            }
            #expect(note.contains("keeper was killed 11 times") && finish.stderr.contains(note), "\(note)")
            #expect(CgroupTree.children(of: base).isEmpty)
        }

        @Test func `a keeper whose pool cannot be made is reaped`() async throws {
            let base = try ScratchCgroup.current().make("full")
            CgroupTree.write("0", to: base + "/cgroup.max.descendants")
            #expect(throws: KernelError.self) { try Workplace(in: Rig.subtree(base), budget: nil, bestEffort: false) }
            #expect(Processes.children(of: getpid()).allSatisfy(Processes.isAlive), "none is a zombie")
        }
    }
}
