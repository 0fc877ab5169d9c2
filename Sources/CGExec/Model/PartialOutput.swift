/// What becomes of an output file whose job did not succeed, where a file is to have its name only when it is whole. Until then
/// it has `.partial` behind its name.
public enum PartialOutput: String, Sendable, Hashable, CaseIterable {
    /// It stays as it is, under that longer name.
    case keep
    /// It is removed.
    case remove

    /// What stands behind the name of a file that is not whole.
    static let suffix = ".partial"

    /// Reads `keep` or `remove`.
    /// - Throws: `ValueError` for anything else.
    public init(parsing text: String) throws(ValueError) {
        guard let value = PartialOutput(rawValue: text) else { throw ValueError(text, expected: "keep or remove") }
        self = value
    }
}

extension Job.Output {
    /// The same while it is not whole.
    var partial: Job.Output {
        if case .file(let path) = self { .file(path + PartialOutput.suffix) } else { self }
    }
}
