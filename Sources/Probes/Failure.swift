import Glibc

/// Why a probe could not do what it was asked.
enum Failure: Error {
    case usage(String)
    case system(operation: String, object: String, errno: Int32)
    case refused(String)

    /// Reads `errno`, so it must be made right after the call that failed.
    static func system(_ operation: String, _ object: String) -> Failure {
        .system(operation: operation, object: object, errno: errno)
    }

    var status: Int32 {
        if case .usage = self { 2 } else { 1 }
    }

    var message: String {
        switch self {
        case .usage(let text), .refused(let text): text
        case .system(let operation, let object, let number): "\(operation) \(object): \(Failure.text(of: number))"
        }
    }

    static func text(of number: Int32) -> String { String(cString: strerror(number)) }
}
