import Glibc

/// How long a test waits for what must happen, and how often it does what takes time. An emulated kernel is 10 to 20
/// times slower.
package enum Patience {
    /// Whether a test that cannot run must fail: set in the VM, where everything can.
    package static let requiresAll = getenv("CGEXEC_TESTS_REQUIRE") != nil

    /// So many rounds here, and fewer in the VM.
    package static func rounds(_ native: Int, inVM emulated: Int) -> Int { requiresAll ? emulated : native }

    /// All of these here, and every fifth in the VM: for what the kernel's version hardly changes.
    package static func sample<Element>(_ all: [Element]) -> [Element] {
        requiresAll ? all.indices.filter { $0 % 5 == 0 }.map { all[$0] } : all
    }

    /// So many milliseconds for a program to start and do something, as an option takes them; more in the VM.
    package static func time(_ milliseconds: Int) -> String { "\(rounds(milliseconds, inVM: milliseconds * 20))ms" }

    /// An instant after which waiting is hopeless; reaching it is always a failure.
    package struct Deadline: Sendable {
        private let nanoseconds: UInt64

        package init() { nanoseconds = monotonicNanoseconds() + (requiresAll ? 150 : 30) * 1_000_000_000 }

        /// For `poll`: milliseconds left, rounded up; 0 when it has come.
        package var milliseconds: Int32 {
            let now = monotonicNanoseconds()
            return now >= nanoseconds ? 0 : Int32(clamping: (nanoseconds - now + 999_999) / 1_000_000)
        }
    }
}

/// The monotonic clock.
package func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
