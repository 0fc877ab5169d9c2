import Glibc

/// Tests that could go on for hours do so where CGEXEC_TESTS_LONG is set, as `make test-long` does.
package enum Soak {
    /// Whether this is such a run.
    package static let isLong = getenv("CGEXEC_TESTS_LONG") != nil

    /// So many rounds, and more in a long run.
    package static func count(_ usual: Int, long: Int) -> Int { isLong ? long : usual }
}
