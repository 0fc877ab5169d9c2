/// A text that is not a value of the asked kind: what was given, what would have been right.
public struct ValueError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text as the user wrote it.
    public var value: String
    /// What is accepted, in words that can follow "expected".
    public var expected: String

    /// Creates an error for `value`, where something described by `expected` was needed.
    public init(_ value: String, expected: String) {
        self.value = value
        self.expected = expected
    }

    /// The value as a text for people.
    public var description: String { "'\(value)' is not valid: expected \(expected)" }
}
