import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// What a record says was used, against what the programs themselves counted.
    @Suite(.scratchCgroup) struct Accounting {
        @Test(arguments: [false, true])
        func `five CPU seconds in four children, waited for or not`(orphaned: Bool) async throws {
            let base = try ScratchCgroup.current().path
            // The ends of five processes are not on their own clocks; once seen, an emulator makes them short.
            #expect(Command(try Programs.probe("spin", "--cpu", "1ms", "--children", "4")).run().status == 0)
            // Orphans are told of by the parent when all have reported; it leaves without waiting for any.
            let command =
                try Programs.probe("spin", "--cpu", "1250ms", "--children", "4") + (orphaned ? ["--orphan"] : [])
            let record = try await InProcess.record(of: Job("four", command), at: base)
            let clocks = try Clock.all(#require(record.output?.stdout?.text))
            let own = clocks.filter { $0.role != nil }.map(\.cpuSeconds).reduce(0, +)
            #expect(clocks.count { $0.role == "child" } == 4)
            #expect(own >= 5)
            let told = try #require(record.usage?.cpuSeconds)
            #expect(abs(told - own) <= 0.02 * own, "the record says \(told), the clocks \(own)")
        }

        @Test(.needs(.controller("memory"))) func `peak of a warmed static probe`() async throws {
            let base = try ScratchCgroup.current().path
            // Outside of the leaf, so that the page cache of the program is not charged to it.
            #expect(Command(try Programs.probe("memory", "0", "--warm")).run().status == 0)
            let record = try await InProcess.record(of: Job("toucher", try Programs.probe("memory", "64M")), at: base)
            let report = try Report(record)
            let touched = try #require(report.touchedBytes)
            let peak = try #require(record.usage?.memoryPeakBytes)
            #expect(touched == 64 << 20)
            #expect(peak >= touched && peak <= touched + 8 << 20, "touched \(touched), peak \(peak)")
        }

        @Test(.needs(.controller("memory")), arguments: ["anon", "shmem"])
        func `a live read of what a probe holds`(kind: String) async throws {
            let base = try ScratchCgroup.current().path
            let mailbox = try Mailbox()
            let command = try Programs.probe("memory", "48M", "--hold", "1h") + (kind == "shmem" ? ["--shared"] : [])
            async let ended = InProcess.record(of: Job("holder", command, stdout: .file(mailbox.path)), at: base)
            let report = try Report(await mailbox.line())
            let process = try #require(report.processes?.first?.pid)
            defer { kill(process, SIGKILL) }
            let leaf = try #require(leaves(below: base).first)
            let usage = account(for: try Cgroup.open(leaf)).usage
            let held = try #require(usage.memory?[kind])
            let touched = try #require(report.touchedBytes)
            #expect(max(held, touched) - min(held, touched) <= 2 << 20, "\(kind) \(held), touched \(touched)")
            kill(process, SIGKILL)
            #expect(try await ended.outcome.signal == Int(SIGKILL))
        }

        /// The leaves of all pools below.
        private func leaves(below base: String) -> [String] {
            CgroupTree.children(of: base).flatMap { pool in
                CgroupTree.children(of: "\(base)/\(pool)").map { "\(base)/\(pool)/\($0)" }
            }
        }
    }
}
