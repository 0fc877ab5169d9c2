import CLinux
import Glibc
import Testing

@testable import CGExec

/// The end of a stream that somebody else still writes to, faster than it is read.
struct OutputStreamTests {
    private let pipe: (readEnd: Int32, writeEnd: Int32)
    /// Every byte is over it, so that each read calls back.
    private let budget = OutputBudget(limit: ByteSize(0))

    init() throws {
        var ends: [Int32] = [-1, -1]
        try #require(cgx_pipe(&ends) == 0)
        pipe = (ends[0], ends[1])
    }

    @Test func `a captured stream ends with what was there`() throws {
        let stream = CaptureStream(
            readEnd: Descriptor(owning: pipe.readEnd), cap: .kib(1), budget: budget, reactor: try Reactor())
        #expect(write(pipe.writeEnd, "abc", 3) == 3)
        var calls = 0
        _ = stream.finish {
            calls += 1
            if calls < 100 { #expect(write(pipe.writeEnd, "x", 1) == 1) }
        }
        #expect(calls == 1)
        close(pipe.writeEnd)
    }

    @Test func `a copied stream ends with what was there`() throws {
        let stream = try PumpedStream(readEnd: Descriptor(owning: pipe.readEnd), budget: budget)
        #expect(write(pipe.writeEnd, "abc", 3) == 3)
        stream.finish()
        var calls = 0
        stream.run {
            calls += 1
            if calls < 100 { #expect(write(pipe.writeEnd, "x", 1) == 1) }
        }
        #expect(calls == 1 && stream.bytes == 3)
        close(pipe.writeEnd)
    }
}
