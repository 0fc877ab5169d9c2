/// A piece of a job file before it means anything: what YAML and JSON have in common, with its place.
///
/// Scalars are kept as they are written, so that `yes`, `2.50` and `0x1F` reach a command line unchanged.
struct SourceNode: Sendable {
    enum Content: Sendable {
        /// Text, a number, or true and false.
        case text(String)
        /// `null` of JSON; `null`, `~` or nothing in YAML.
        case null
        case list([SourceNode])
        /// In the order of the file; keys may occur twice.
        case mapping([Entry])
    }

    struct Entry: Sendable {
        var key: String
        var position: Position
        var value: SourceNode
    }

    var position: Position
    var content: Content

    /// What the node is, for messages.
    var kind: String {
        switch content {
        case .text: "a single value"
        case .null: "nothing"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}
