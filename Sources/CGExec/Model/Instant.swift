/// A point on the monotonic clock, `CLOCK_MONOTONIC`, in nanoseconds.
///
/// Events carry their instant, so that nothing above the kernel layer ever asks for the time.
struct Instant: Hashable, Comparable, Sendable {
    var nanoseconds: UInt64

    static let zero = Instant(nanoseconds: 0)

    static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The instant so much later; a negative duration never goes below zero.
    func advanced(by duration: Duration) -> Instant {
        let (sum, overflow) = Int64(clamping: nanoseconds).addingReportingOverflow(duration.nanoseconds)
        return Instant(nanoseconds: overflow ? .max : UInt64(max(0, sum)))
    }

    /// The time from `earlier` to here; zero when it is not earlier.
    func since(_ earlier: Instant) -> Duration {
        .nanoseconds(Int64(clamping: nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0))
    }
}
