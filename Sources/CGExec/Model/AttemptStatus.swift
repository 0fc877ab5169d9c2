/// How the main process of an attempt ended, as the system tells it.
enum AttemptStatus: Sendable, Hashable {
    /// By itself, with this code.
    case exited(Int)
    /// By this signal.
    case signaled(Int)
    /// Unknown: something else in this program reaped the process.
    case lost
    /// It never ran.
    case failed(LaunchFailure)
}

/// Why a program did not start.
struct LaunchFailure: Sendable, Hashable {
    /// The step: `leaf`, `stdio`, `exec` …
    var stage: String
    var errno: Int?
    var message: String
}
