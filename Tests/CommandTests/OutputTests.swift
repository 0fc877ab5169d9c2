import CLinux
import Glibc
import Support
import Testing

@testable import CGExec

/// What becomes of output that goes through us to a reader who does not read.
@Suite(.scratchCgroup) struct OutputTests {
    /// A pipe that nobody reads unless a test does.
    private final class UnreadPipe {
        private(set) var readEnd: Int32
        let writeEnd: Int32

        init() throws {
            var ends: [Int32] = [-1, -1]
            guard cgx_pipe(&ends) == 0 else { throw Trouble.system("pipe") }
            (readEnd, writeEnd) = (ends[0], ends[1])
        }

        deinit {
            close(readEnd)
            close(writeEnd)
        }
    }

    private let scratch: ScratchDirectory
    private let pipe: UnreadPipe

    init() throws {
        scratch = try ScratchDirectory()
        pipe = try UnreadPipe()
    }

    private func start(_ options: [String], _ command: [String]) throws -> Child {
        let base = try ScratchCgroup.current().path
        let all = ["--cgroup", base, "--json", scratch.file("record"), "--output-limit", "1GiB"] + options
        return try Child(Programs.exec(all, command), descriptors: [1: pipe.writeEnd])
    }

    private func record() throws -> JSONValue {
        try JSONValue(parsing: #require(contents(of: scratch.file("record"))))
    }

    private static let loss = "the end of its stdout was lost"

    @Test func `a timeout holds though nobody reads, and the record says that output was lost`() throws {
        let finish = try start(["--timeout", Patience.time(300)], ["yes"]).waitForExit()
        #expect(finish.status == .exited(124))
        #expect(finish.stderr.contains(Self.loss), "\(finish.stderr)")
        let record = try record()
        #expect(record["outcome"]?["kind"] == .text("timeout"))
        #expect(record["notes"] == .list([.text("\(Self.loss): nobody took it within 1.00 s")]), "\(record)")
    }

    @Test func `a signal for the program ends us as well`() throws {
        let child = try start([], ["sh", "-c", "echo ready >&2; exec yes"])
        _ = try child.line(.stderr)
        // Until the pump is stuck, so that there is something to lose.
        var state = pollfd(fd: pipe.writeEnd, events: Int16(POLLOUT), revents: 0)
        while poll(&state, 1, 0) != 0 { poll(nil, 0, 10) }
        child.signal(SIGTERM)
        let finish = try child.waitForExit()
        #expect(finish.status == .exited(128 + SIGTERM))
        #expect(finish.stderr.contains(Self.loss), "\(finish.stderr)")
    }

    @Test func `a slow reader gets everything of a program that ended by itself`() throws {
        // More than the reader's pipe holds, and less than that and ours.
        let size = 100_000
        let child = try start([], ["sh", "-c", "head -c \(size) /dev/zero; echo done >&2"])
        _ = try child.line(.stderr)
        let base = try ScratchCgroup.current().path
        #expect(CgroupTree.waitUntilEmpty(base))
        poll(nil, 0, 2 * Int32(RunningOutput.graceForReaders.seconds * 1000))
        var buffer = [UInt8](repeating: 1, count: size)
        var count = 0
        while count < size {
            let more = buffer.withUnsafeMutableBytes { read(pipe.readEnd, $0.baseAddress, $0.count) }
            try #require(more > 0)
            count += more
        }
        let finish = try child.waitForExit()
        #expect(finish.status == .exited(0))
        #expect(finish.stderr == "done\n")
        #expect(try record()["notes"] == nil)
    }

    @Test func `a FIFO without a reader outlives no timeout, and delays nobody`() async throws {
        let base = try ScratchCgroup.current().path
        let path = scratch.file("fifo")
        try #require(mkfifo(path, 0o600) == 0)
        var stuck = Job("stuck", ["true"], limits: Limits(timeout: .milliseconds(200)), stdout: .file(path))
        stuck.limits.outputLimit = .mib(1)
        let jobs = [stuck] + (1...5).map { Job("other \($0)", ["true"]) }
        let records = try await InProcess.records(of: jobs, PoolConfiguration(jobs: .count(2)), at: base)
        #expect(records[0].outcome.kind == .timeout, "\(records[0].outcome)")
        #expect(records[0].times.started == nil, "it never ran")
        #expect(records.dropFirst().allSatisfy { $0.outcome.kind == .ok })
        // Lets the thread go that still opens it.
        let reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(reader >= 0)
        close(reader)
    }
}
