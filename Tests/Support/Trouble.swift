import Glibc

/// Why a test could not do what it set out to do.
package struct Trouble: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// Names the operation that failed; reads `errno`, so it must be made right after it.
    package static func system(_ operation: String) -> Trouble {
        Trouble("\(operation): \(String(cString: strerror(errno)))")
    }
}
