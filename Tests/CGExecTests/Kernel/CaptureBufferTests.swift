import Support
import Testing

@testable import CGExec

/// What a captured stream keeps of what it is given.
struct CaptureBufferTests {
    private func capture(_ pieces: [[UInt8]], cap: UInt64) -> CaptureBuffer {
        var buffer = CaptureBuffer(cap: ByteSize(cap))
        for piece in pieces { piece.withUnsafeBytes { buffer.append($0) } }
        return buffer
    }

    /// The same in the simplest words: everything, or the first and the last half with a note between.
    private func model(_ bytes: [UInt8], cap: UInt64) -> (text: String, truncated: Bool) {
        let half = Int((cap + 1) / 2)
        guard bytes.count > 2 * half else { return (String(decoding: bytes, as: UTF8.self), false) }
        let (head, tail) = (
            String(decoding: bytes.prefix(half), as: UTF8.self), String(decoding: bytes.suffix(half), as: UTF8.self)
        )
        return ("\(head)\n[… \(bytes.count - 2 * half) bytes left out …]\n\(tail)", true)
    }

    @Test func `up to the cap everything is kept`() {
        let buffer = capture([Array("abcd".utf8), Array("efgh".utf8)], cap: 8)
        #expect(buffer.text == "abcdefgh" && !buffer.isTruncated && buffer.total == 8)
    }

    @Test func `beyond it the middle is left out, and told`() {
        let buffer = capture([Array("abcdefghi".utf8)], cap: 8)
        #expect(buffer.text == "abcd\n[… 1 bytes left out …]\nfghi" && buffer.isTruncated && buffer.total == 9)
    }

    @Test func `a cap of zero only counts`() {
        let buffer = capture([Array("abc".utf8)], cap: 0)
        #expect(buffer.keepsNothing && buffer.isTruncated && buffer.total == 3)
        #expect(!capture([], cap: 0).isTruncated)
    }

    @Test func `it keeps what a naive buffer would, however the bytes come`() {
        let seed = SeededGenerator.newSeed()
        var dice = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let cap = UInt64.random(in: 0...40, using: &dice)
            let pieces = (0..<Int.random(in: 0...8, using: &dice)).map { _ in
                (0..<Int.random(in: 0...30, using: &dice)).map { _ in UInt8.random(in: 97...122, using: &dice) }
            }
            let all = pieces.flatMap { $0 }
            let buffer = capture(pieces, cap: cap)
            let expected = model(all, cap: cap)
            #expect(buffer.total == UInt64(all.count), "CGEXEC_TESTS_SEED=\(seed)")
            #expect(buffer.isTruncated == expected.truncated, "CGEXEC_TESTS_SEED=\(seed) cap \(cap) \(pieces)")
            #expect(buffer.text == expected.text, "CGEXEC_TESTS_SEED=\(seed) cap \(cap) \(pieces)")
        }
    }

    @Test func `an output budget gives out its limit once, over both streams`() {
        let budget = OutputBudget(limit: ByteSize(10))
        #expect(budget.take(4) == 4)
        #expect(budget.take(8) == 6)
        #expect(budget.take(1) == 0)
        #expect(OutputBudget(limit: nil).take(1 << 40) == 1 << 40)
    }
}
