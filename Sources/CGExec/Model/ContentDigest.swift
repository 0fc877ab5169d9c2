/// FNV-1a with 64 bits (Fowler, Noll and Vo; draft-eastlake-fnv): the same for the same contents, on every host and in
/// every run. It tells versions of a program apart, and keeps nobody from forging one: who can do that can also write
/// into the file that it would be looked up in.
struct ContentDigest {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Takes in the next part of the contents.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var hash = state
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        state = hash
    }

    /// Sixteen hexadecimal digits.
    var text: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
