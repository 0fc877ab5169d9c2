import FoundationEssentials

extension Record {
    /// The record as one line of JSON, keys in alphabetical order, without a newline.
    public func jsonLine() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// Reads a record from its JSON.
    public init(json: String) throws {
        self = try JSONDecoder().decode(Record.self, from: Data(json.utf8))
    }
}
