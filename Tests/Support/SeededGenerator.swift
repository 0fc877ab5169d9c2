import Glibc

/// Random numbers that come again with the same seed (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// A seed for this run: that of CGEXEC_TESTS_SEED, or a new one. Say it in the comment of each expectation.
    package static func newSeed() -> UInt64 {
        getenv("CGEXEC_TESTS_SEED").flatMap { UInt64(String(cString: $0)) } ?? .random(in: 1...999_999_999)
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
