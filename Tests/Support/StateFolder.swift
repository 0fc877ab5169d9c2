import Glibc
import Synchronization

/// Where a program that a test runs keeps its state, unless the test says otherwise: a folder for it alone, so that no
/// test learns from another, and none writes into the home of whoever runs them. It is made by the program, as whatever
/// user that has become, and removed with this object.
package final class StateFolder {
    private static let last = Atomic(0)

    private let path = "/tmp/cgexec-test-state-\(getpid())-\(last.add(1, ordering: .relaxed).newValue)"

    package init() {}

    deinit { ScratchDirectory.remove(path) }

    /// Our environment with the folder in it.
    package var environment: [String: String] {
        var values: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        values["XDG_STATE_HOME"] = path
        // Tests that run at once do not wait for each other's CPUs.
        values["CGEXEC_CLAIMS"] = ""
        return values
    }
}
