import Support
import Testing

/// Ends the test as skipped, with the reason; as failed where every test must run.
func skip(_ reason: String) throws -> Never {
    if Patience.requiresAll { throw Trouble("this must not be skipped here: \(reason)") }
    try Test.cancel(Comment(rawValue: reason))
}

/// Ends the test as skipped where a program is absent that no host has to have, the VM included.
func needProgram(_ path: String) throws {
    guard exists(path) else { try Test.cancel("there is no \(path)") }
}
