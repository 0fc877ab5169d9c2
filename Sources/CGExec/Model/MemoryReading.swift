/// The memory of a pool, read in one go.
struct MemoryReading: Sendable, Hashable {
    /// What cannot be reclaimed in the whole pool.
    var need: ByteSize
    /// What each running attempt holds of it.
    var attempts: [Attempt] = []

    struct Attempt: Sendable, Hashable {
        var id: AttemptID
        var need: ByteSize
    }
}
