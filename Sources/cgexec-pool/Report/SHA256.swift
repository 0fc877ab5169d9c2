import FoundationEssentials
import Glibc

/// SHA-256 (FIPS 180-4), by which the page's Content-Security-Policy knows its script: whatever else should get into
/// the page as a script is not run.
enum SHA256 {
    /// The digest as the policy wants it, in Base64.
    static func base64(_ text: String) -> String { Data(digest(Array(text.utf8))).base64EncodedString() }

    static func digest(_ message: [UInt8]) -> [UInt8] {
        var padded = message + [0x80]
        padded += [UInt8](repeating: 0, count: (120 - padded.count % 64) % 64)
        let bits = UInt64(message.count) * 8
        padded += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) }
        var state = roots.map { fraction($0.squareRoot()) }
        for start in stride(from: 0, to: padded.count, by: 64) { take(padded[start..<start + 64], &state) }
        return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) } }
    }

    private static func take(_ block: ArraySlice<UInt8>, _ state: inout [UInt32]) {
        var words = stride(from: block.startIndex, to: block.endIndex, by: 4).map { index in
            block[index..<index + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        for index in 16..<64 {
            let (early, late) = (words[index - 15], words[index - 2])
            let first = turned(early, 7) ^ turned(early, 18) ^ early >> 3
            let second = turned(late, 17) ^ turned(late, 19) ^ late >> 10
            words.append(words[index - 16] &+ first &+ words[index - 7] &+ second)
        }
        var work = state
        for index in 0..<64 {
            let (a, b, c, e, f, g) = (work[0], work[1], work[2], work[4], work[5], work[6])
            let choice = (e & f) ^ (~e & g)
            let majority = (a & b) ^ (a & c) ^ (b & c)
            let first = work[7] &+ (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) &+ choice
            let sum = first &+ constants[index] &+ words[index]
            work = [
                sum &+ (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) &+ majority, a, b, c, work[3] &+ sum, e, f, g,
            ]
        }
        for index in state.indices { state[index] &+= work[index] }
    }

    private static func turned(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

    // Its constants are the first 32 bits of the fractions of roots of the first primes, which a double holds exactly
    // enough: 53 bits, of which the whole part takes at most 5.
    private static let primes = (2...311).filter { number in !(2..<number).contains { number % $0 == 0 } }
    private static let roots = primes.prefix(8).map(Double.init)
    private static let constants = primes.map { fraction(cbrt(Double($0))) }

    private static func fraction(_ root: Double) -> UInt32 { UInt32((root - root.rounded(.down)) * 0x1p32) }
}
