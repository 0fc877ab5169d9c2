import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// Whom the kernel ends when the memory of a pool runs out.
    @Suite(.scratchCgroup) struct OOMOrder {
        private static var ours: Int? { score(of: getpid()) }

        private static func score(of process: Int32) -> Int? {
            readFile("/proc/\(process)/oom_score_adj").flatMap { Int($0.prefix { $0 != "\n" }) }
        }

        private static func plan(
            _ number: Int, _ command: [String], score: Int?, requiresNoSwap: Bool = false
        ) -> LaunchPlan {
            var plan = LaunchPlan(command)
            plan.attempt = AttemptID(job: JobID(number), number: 1)
            plan.oomScore = score
            // Where there is swap, the limit would end nobody.
            plan.leaf.swap = requiresNoSwap ? ByteSize(0) : nil
            return plan
        }

        @Test(arguments: [nil, 0, 300, 1000]) func `a program starts with its score`(_ more: Int?) async throws {
            let ours = try #require(Self.ours)
            let plan = Self.plan(1, ["sh", "-c", "cat /proc/self/oom_score_adj"], score: more)
            let ending = try await Rig.run(plan, at: ScratchCgroup.current().path).ending
            #expect(ending.stdout?.text == "\(min(1000, ours + (more ?? 0)))\n", "\(ending)")
        }

        @Test func `what is spared loses it, with its children`() async throws {
            let ours = try #require(Self.ours)
            let base = try ScratchCgroup.current().path
            let mailbox = try Mailbox()
            try await onOwnThread {
                let reactor = try Reactor()
                let place = try Workplace(in: Rig.subtree(base), budget: nil, bestEffort: false)
                defer { place.close() }
                let kernel = LinuxKernel(reactor: reactor, place: place)
                defer { kernel.close() }
                var plan = Self.plan(1, ["sh", "-c", "sleep 1d & echo $!; sleep 1d"], score: 1000)
                plan.stdout = .file(mailbox.path)
                var isOver = false
                kernel.deliver = { event, _ in
                    switch event {
                    case .launched(let id, _):
                        // When it has said so, its child runs.
                        guard let child = (try? mailbox.nextLine()).flatMap({ Int32($0) }) else { break }
                        #expect(Self.score(of: child) == min(1000, ours + 1000))
                        kernel.spare(id)
                        #expect(Self.score(of: child) == ours)
                        #expect(kernel.attempts[id]?.pid.flatMap { Self.score(of: $0) } == ours)
                        kernel.kill(id)
                    case .ended: isOver = true
                    default: break
                    }
                }
                kernel.launch(plan)
                reactor.run { isOver }
            }
        }

        /// The first holds more, so that the kernel would choose it; but it was told otherwise.
        @Test(.needs(.controller("memory")), arguments: [true, false])
        func `the pool's limit ends who is likelier`(_ isTold: Bool) async throws {
            let base = try ScratchCgroup.current().path
            let folder = try ScratchDirectory()
            let pipe = folder.path + "/holds"
            #expect(mkfifo(pipe, 0o600) == 0)
            try await onOwnThread {
                var holder = Self.plan(
                    1, try Programs.probe("memory", "64M", "--hold", "1h"), score: isTold ? 0 : nil,
                    requiresNoSwap: true)
                holder.stdout = .file(pipe)
                let taker = Self.plan(
                    2, ["sh", "-c", "read -r line <\"$0\"; exec \"$@\"", pipe] + (try Programs.probe("memory", "56M")),
                    score: isTold ? 1000 : nil, requiresNoSwap: true)
                let reactor = try Reactor()
                let place = try Workplace(in: Rig.subtree(base), budget: .mib(96), bestEffort: false)
                defer { place.close() }
                let kernel = LinuxKernel(reactor: reactor, place: place)
                defer { kernel.close() }
                var ends: [(job: Int, culprit: Outcome.Culprit?)] = []
                kernel.deliver = { event, _ in
                    guard case .ended(let id, let ending) = event else { return }
                    if ends.isEmpty { kernel.kill(AttemptID(job: JobID(3 - id.job.number), number: 1)) }
                    ends.append((id.job.number, ending.memory?.culprit))
                }
                kernel.launch(holder)
                kernel.launch(taker)
                reactor.run { ends.count == 2 }
                #expect(ends[0] == (isTold ? 2 : 1, .pool), "\(ends)")
                #expect(ends[1].culprit == nil, "\(ends)")
            }
        }
    }
}
