import Glibc
import Support
import Testing

@testable import CGExec

/// Pools that know nothing of each other, on one machine.
extension RealKernel.TwoNodes {
    /// A job that holds a lock for as long as it lives, named by its CPUs, and tells when somebody else has it.
    private static let guarded = """
        exec 9>>"$FOLDER/$CGEXEC_CPUS.lock"
        flock -n 9 || echo "$CGEXEC_CPUS of $CGEXEC_NAME" >>"$FOLDER/overlaps"
        exec sleep "$1"
        """

    private struct Stage: Sendable {
        let scratch: ScratchDirectory
        let folder: String

        init() throws {
            scratch = try ScratchDirectory()
            folder = scratch.path
            try #require(mkdir(folder + "/claims", 0o700) == 0)
        }

        /// A pool of `count` jobs of some seconds each, a core for each.
        func pool(_ name: String, jobs: Int, _ count: Int, seconds: String, _ options: String...) throws -> Command {
            let list = (1...count).map { number in
                #"{"name": "\#(name)-\#(number)", "command": ["sh", "\#(folder)/guarded", "\#(seconds)"]}"#
            }
            let file = try scratch.write(list.joined(separator: "\n") + "\n", to: name + ".jsonl")
            _ = try scratch.write(RealKernel.TwoNodes.guarded, to: "guarded")
            let command = [try Programs.pool(), "run", file, "--affinity", "core", "--jobs", "\(jobs)", "--no-learn"]
            let environment = ["env", "FOLDER=\(folder)", "CGEXEC_CLAIMS=\(folder)/claims"]
            return Command(environment + command + options)
        }

        var overlaps: String { CgroupTree.text(of: folder + "/overlaps") ?? "" }
    }

    @Test func `two pools at once have cores of their own`() async throws {
        let stage = try Stage()
        let results = try await onOwnThread {
            let commands = try ["a", "b"].map { try stage.pool($0, jobs: 2, 6, seconds: "0.3") }
            let processes = commands.map { $0.start() }
            return processes.map { $0.map(Command.wait) ?? -1 }
        }
        #expect(results == [0, 0] && stage.overlaps.isEmpty, "\(stage.overlaps)")
    }

    @Test func `who has no core left waits for one, or says whose it is`() async throws {
        let stage = try Stage()
        try await onOwnThread {
            let first = try #require(try stage.pool("first", jobs: 4, 4, seconds: "1h").start())
            while try ClaimFolder(stage.folder + "/claims").claims().isEmpty { usleep(10_000) }
            let refused = try stage.pool("refused", jobs: 1, 1, seconds: "0", "--no-wait").run()
            #expect(refused.status == 69, "\(refused.output)")
            #expect(refused.output.contains("CPUs 0-7 are held by cgexec-pool (process \(first)"), "\(refused.output)")

            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            let second = try #require(try stage.pool("second", jobs: 2, 2, seconds: "0").start(output: ends[1]))
            close(ends[1])
            var said: [UInt8] = []
            var byte: UInt8 = 0
            while !String(decoding: said, as: UTF8.self).contains("held by"), read(ends[0], &byte, 1) == 1 {
                said.append(byte)
            }
            #expect(String(decoding: said, as: UTF8.self).contains("waiting for CPUs"))
            kill(first, SIGKILL)
            #expect(Command.wait(for: first) == 128 + SIGKILL)
            while read(ends[0], &byte, 1) == 1 { said.append(byte) }
            close(ends[0])
            #expect(Command.wait(for: second) == 0, "\(String(decoding: said, as: UTF8.self))")
            #expect(stage.overlaps.isEmpty, "\(stage.overlaps)")
        }
    }

    /// Ten pools are started and killed at random for two minutes, a tenth of that where there is no time.
    @Test func `pools that come and go never overlap`() async throws {
        let stage = try Stage()
        let seed = SeededGenerator.newSeed()
        let seconds = Soak.isLong ? 120.0 : 12
        try await onOwnThread {
            var random = SeededGenerator(seed: seed)
            let end = monotonicNow().advanced(by: .seconds(seconds))
            var pools: [Int32] = []
            var started = 0
            while monotonicNow() < end {
                if pools.count < 10 {
                    started += 1
                    let pool = try stage.pool(
                        "p\(started)", jobs: .random(in: 1...3, using: &random), 50, seconds: "0.2")
                    pools.append(try #require(pool.start()))
                } else {
                    let victim = pools.remove(at: .random(in: pools.indices, using: &random))
                    kill(victim, SIGKILL)
                    _ = Command.wait(for: victim)
                }
                usleep(.random(in: 50_000...400_000, using: &random))
            }
            for pool in pools {
                kill(pool, SIGKILL)
                _ = Command.wait(for: pool)
            }
            #expect(started > 10, "seed \(seed)")
        }
        #expect(stage.overlaps.isEmpty, "seed \(seed): \(stage.overlaps)")
    }
}
