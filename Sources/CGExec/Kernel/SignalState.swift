/// What a process does with signals, as far as a program inherits it; bit n-1 is signal n.
package struct SignalState: Sendable {
    /// The signal mask.
    var blocked: UInt64
    /// Ignored here though not in the process that starts the program; what that one ignores is inherited anyhow.
    var ignored: UInt64

    package init(blocked: UInt64 = 0, ignored: UInt64 = 0) {
        self.blocked = blocked
        self.ignored = ignored
    }
}
