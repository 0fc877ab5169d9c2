import Yams

/// Reads YAML into nodes.
enum YAMLReader {
    /// Aliases make a small file stand for a large one; beyond this many nodes it is a mistake or an attack.
    private static let mostNodes = 5_000_000
    /// Job files are five levels deep. libyaml stops at 1000 levels, but aliases can stack those; the recursion must
    /// end before the stack does.
    private static let deepest = 64

    /// The document's root; nil for a file without content.
    static func read(_ text: String) throws(Problem) -> SourceNode? {
        let root: Node?
        do {
            root = try compose(yaml: text, .basic)
        } catch let error as YamlError {
            throw problem(error, in: text)
        } catch {
            throw Problem(.start, "cannot be read as YAML: \(error)")
        }
        var count = 0
        return try root.map { node throws(Problem) in try convert(node, depth: 0, count: &count) }
    }

    private static func convert(_ node: Node, depth: Int, count: inout Int) throws(Problem) -> SourceNode {
        let position = Position(node.mark)
        count += 1
        guard count <= mostNodes else {
            throw Problem(position, "the aliases (*name) up to here stand for too many values")
        }
        guard depth <= deepest else {
            throw Problem(position, "nested more than \(deepest) levels deep; no job file needs that")
        }
        switch node {
        case .scalar(let scalar):
            try refuse(scalar.tag, position)
            let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
            return SourceNode(position: position, content: isNull ? .null : .text(scalar.string))
        case .sequence(let sequence):
            try refuse(sequence.tag, position)
            var list: [SourceNode] = []
            for element in sequence { list.append(try convert(element, depth: depth + 1, count: &count)) }
            return SourceNode(position: position, content: .list(list))
        case .mapping(let mapping):
            try refuse(mapping.tag, position)
            var entries: [SourceNode.Entry] = []
            for (key, value) in mapping {
                guard let scalar = key.scalar else { throw Problem(Position(key.mark), "a key must be a plain word") }
                entries.append(
                    .init(
                        key: scalar.string, position: Position(scalar.mark),
                        value: try convert(value, depth: depth + 1, count: &count)))
            }
            return SourceNode(position: position, content: .mapping(entries))
        case .alias(let alias):
            throw Problem(Position(alias.mark), "alias without a value")
        }
    }

    /// `!include x` would otherwise silently be the text `x`.
    private static func refuse(_ tag: Tag, _ position: Position) throws(Problem) {
        let name = tag.description
        guard name.isEmpty || name == "tag:yaml.org,2002:str" else {
            throw Problem(
                position, "the tag '\(excerpt(name))' is not supported; remove it, or quote the text that starts with !"
            )
        }
    }

    private static func problem(_ error: YamlError, in text: String) -> Problem {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let within = context.map { " \($0.text) from line \($0.mark.line), column \($0.mark.column) on" } ?? ""
            return Problem(
                Position(mark),
                "not YAML:\(within) \(problem); indent with spaces only, and quote texts with any of "
                    + "{ } [ ] , : # & * ! | > ' \" % @ `")
        case .reader(let problem, let offset, _, _):
            return Problem(position(ofCharacter: offset ?? 0, in: text), "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map { "'\(excerpt($0))'" }.joined(separator: ", ")
            return Problem(Position(context.mark), "\(names) stands twice in one mapping, here and below; keep one")
        default:
            return Problem(.start, "cannot be read as YAML: \(excerpt(error.description))")
        }
    }

    private static func position(ofCharacter offset: Int, in text: String) -> Position {
        let before = text.prefix(offset)
        let lastLine = before.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).last ?? ""
        return Position(line: before.count { $0.isNewline } + 1, column: lastLine.unicodeScalars.count + 1)
    }
}

extension Position {
    fileprivate init(_ mark: Mark?) {
        self.init(line: mark?.line ?? 1, column: mark?.column ?? 1)
    }
}
