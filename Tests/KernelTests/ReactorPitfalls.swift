import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// The loop that waits: it must sleep while nothing happens.
    @Suite(.scratchCgroup) struct ReactorPitfalls {
        @Test func `EPOLLIN is always ready`() async throws {
            let leaf = try Cgroup.open(ScratchCgroup.current().make("watched"))
            let file = try Descriptor.open("cgroup.events", in: leaf.directory.raw, O_RDONLY)
            _ = try file.readAll()
            let raw = file.raw
            try await onOwnThread {
                let reactor = try Reactor()
                var input = 0
                var priority = 0
                let always = try reactor.watch(raw, .input) { _ in input += 1 }
                reactor.run { input >= 1000 }
                #expect(input >= 1000, "the kernel has this rule")
                reactor.forget(always)

                _ = try reactor.watch(raw, .priority) { _ in priority += 1 }
                var over = false
                _ = reactor.schedule(at: monotonicNow().advanced(by: .milliseconds(200))) { over = true }
                var rounds = 0
                reactor.run {
                    rounds += 1
                    return over
                }
                #expect(priority == 0 && rounds <= 3, "nothing changed: \(priority) wake-ups in \(rounds) rounds")
            }
        }

        @Test func `a running job costs no wake-ups`() async throws {
            let base = try ScratchCgroup.current().path
            var plan = LaunchPlan(["sleep", "1"])
            plan.leaf.watchPids = CgroupTree.words(of: base + "/cgroup.controllers").contains("pids")
            let watched = plan
            try await onOwnThread {
                let before = ThreadFacts.cpuTime()
                let result = try Rig.runHere(watched, at: base)
                let used = ThreadFacts.cpuTime() - before
                // Started, exited, emptied, removed, delivered, and the two ends of the two output pipes.
                #expect(result.rounds <= 20, "\(result.rounds) rounds in a second")
                #expect(used < .milliseconds(500), "a loop that spins uses the whole second, this one \(used)")
                #expect(result.ending.status == .exited(0))
            }
        }
    }
}
