import Glibc
import Support
import Testing

@testable import CGExec

/// A job whose program sits on a file system that hangs harms nobody else.
@Suite(.scratchCgroup) struct HungFileSystemTests {
    /// Long enough that a busy emulated machine starts the program before it is over.
    private static let timeout = Patience.requiresAll ? 3 : 0.2
    /// How late a timeout may fire: the kernel needs a moment to kill, and other tests run beside this.
    private static let tolerance = Patience.requiresAll ? 4 : 0.2

    init() throws {
        guard geteuid() == 0, exists("/dev/fuse") else { try skip("a FUSE mount needs root and /dev/fuse") }
    }

    private struct Records: Sendable {
        var hung: Record?
        var others: [Record] = []
        /// Of the others, how many ended before the hung job.
        var early = 0
    }

    /// Runs a job on the hung file system in one slot and others that reach their timeouts in the other.
    private func run(
        _ manner: HungFileSystem.Manner, learning file: String? = nil,
        whenOthersEnded: @escaping @Sendable (HungFileSystem) -> Void
    )
        async throws -> Records
    {
        let base = try ScratchCgroup.current().path
        return try await onOwnThread {
            let fileSystem = try HungFileSystem(manner)
            let reactor = try Reactor()
            var configuration = PoolConfiguration(jobs: .count(2))
            if let file { configuration.learned = .file(file) }
            let setup = try PoolSetup(
                configuration, for: .init(plansMemory: false), at: .find(requested: base), reactor: reactor)
            let pool = PoolRun(setup, reactor: reactor)
            let limits = Limits(timeout: .milliseconds(Int64(Self.timeout * 1000)))
            var records = Records()
            let category = file == nil ? nil : "c"
            let hung = pool.submit(Job("hung", [fileSystem.program], limits: limits, category: category))
            let count = 5
            for number in 1...count {
                _ = pool.submit(Job("other \(number)", ["sleep", "3600"], limits: limits, category: category))
            }
            pool.onRecord = { record in
                if record.id == hung {
                    records.hung = record
                    return
                }
                records.others.append(record)
                if records.hung == nil { records.early += 1 }
                if records.others.count == count { whenOthersEnded(fileSystem) }
            }
            try pool.run()
            pool.close()
            try fileSystem.waitUntilAsked()
            return records
        }
    }

    private func checkOthers(_ records: Records) {
        #expect(records.others.count == 5)
        for record in records.others {
            #expect(record.outcome.kind == .timeout)
            // On a machine so busy that its time was over before its program could start, there is no wall time.
            let wall = record.times.started == nil ? 0 : record.wallSeconds ?? .infinity
            #expect(wall < Self.timeout + Self.tolerance)
        }
    }

    @Test func `its own timeout ends it, and the others' timeouts are on time`() async throws {
        let records = try await run(.ignore) { _ in }
        checkOthers(records)
        #expect(records.hung?.outcome.kind == .timeout)
    }

    @Test func `a program that cannot be told from others for so long holds up nobody either`() async throws {
        let scratch = try ScratchDirectory()
        let records = try await run(.ignore, learning: scratch.file("needs")) { _ in }
        checkOthers(records)
        #expect(records.hung?.outcome.kind == .timeout)
    }

    @Test func `where the kernel cannot kill it, the others' timeouts are still on time`() async throws {
        let records = try await run(.swallow) { $0.release() }
        checkOthers(records)
        // It was there all the time, and its timeout had come.
        #expect(records.early == 5)
        #expect(records.hung?.outcome.kind == .timeout)
    }

    @Test func `exec gives its status for the timeout of such a program`() throws {
        let base = try ScratchCgroup.current().path
        let fileSystem = try HungFileSystem(.ignore)
        let finish = try Child.run(
            Programs.exec(["--timeout", "\(Self.timeout)s", "--cgroup", base], [fileSystem.program]))
        #expect(finish.status == .exited(124))
        try fileSystem.waitUntilAsked()
    }

    /// Until 6.13 a kill reaches what is in the leaf and not what is being cloned into it (torvalds/linux, kill_seq).
    @Test(arguments: ["0.02ms", "0.1ms", "0.3ms"])
    func `a timeout from before its birth ends such a program too`(timeout: String) throws {
        let base = try ScratchCgroup.current().path
        for _ in 1...3 {
            let fileSystem = try HungFileSystem(.ignore)
            let finish = try Child.run(Programs.exec(["--timeout", timeout, "--cgroup", base], [fileSystem.program]))
            #expect(finish.status == .exited(124))
        }
    }
}
