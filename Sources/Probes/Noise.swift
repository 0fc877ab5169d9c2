/// xorshift64 (Marsaglia 2003): data that neither zswap nor zram can shrink. A seed always gives the same bytes.
struct Noise {
    private var state: UInt64

    init(seed: UInt64) { state = seed | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    /// Fills whole words; a tail of less than 8 bytes stays as it was.
    mutating func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        for word in bytes.bindMemory(to: UInt64.self).indices {
            bytes.storeBytes(of: next(), toByteOffset: word * 8, as: UInt64.self)
        }
    }
}
