/// Reads strict JSON into nodes.
///
/// JSON does not go through libyaml, although YAML calls itself a superset: libyaml refuses the surrogate pairs
/// `\ud83d\ude00` that most JSON writers make of an emoji, keys above 1024 characters, and a line break before `:`.
struct JSONReader {
    /// Job files are five levels deep; the recursion must end before the stack does.
    private static let deepest = 64

    private let bytes: [UInt8]
    private var next = 0
    /// Where `position` was last known: asking for it again only looks at the bytes since.
    private var marked: (byte: Int, position: Position) = (0, .start)

    private init(_ text: String) { bytes = Array(text.utf8) }

    /// The one value of a JSON text; nil for a file without content.
    static func read(_ text: String) throws(Problem) -> SourceNode? {
        var reader = JSONReader(text)
        reader.skipSpace(acrossLines: true)
        guard !reader.atEnd else { return nil }
        let node = try reader.value(depth: 0)
        reader.skipSpace(acrossLines: true)
        guard reader.atEnd else {
            throw reader.problem("more text after the end of the value; a file with one job a line is named .jsonl")
        }
        return node
    }

    /// The values of a JSONL text, one a line. A line that cannot be read does not hide the problems of the next.
    static func readLines(_ text: String) -> (values: [SourceNode], problems: [Problem]) {
        var reader = JSONReader(text)
        var values: [SourceNode] = []
        var problems: [Problem] = []
        while true {
            reader.skipSpace(acrossLines: true)
            guard !reader.atEnd else { return (values, problems) }
            do throws(Problem) {
                let node = try reader.value(depth: 0)
                guard reader.position.line == node.position.line else {
                    throw Problem(
                        node.position, "this value does not end on its line; JSONL has one whole value a line")
                }
                reader.skipSpace(acrossLines: false)
                guard reader.atEnd || reader.byte == UInt8(ascii: "\n") else {
                    throw reader.problem("more text after the value; JSONL has one value a line")
                }
                values.append(node)
            } catch {
                problems.append(error)
                reader.skipLine()
            }
        }
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(Problem) -> SourceNode {
        guard depth <= Self.deepest else {
            throw problem("nested more than \(Self.deepest) levels deep; no job file needs that")
        }
        let position = position
        let content: SourceNode.Content
        switch byte {
        case UInt8(ascii: "{"): content = .mapping(try entries(depth: depth))
        case UInt8(ascii: "["): content = .list(try elements(depth: depth))
        case UInt8(ascii: "\""): content = .text(try string())
        case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte): content = .text(try number())
        default: content = try word()
        }
        return SourceNode(position: position, content: content)
    }

    private mutating func entries(depth: Int) throws(Problem) -> [SourceNode.Entry] {
        var entries: [SourceNode.Entry] = []
        next += 1
        skipSpace(acrossLines: true)
        if take("}") { return entries }
        while true {
            skipSpace(acrossLines: true)
            let position = position
            guard byte == UInt8(ascii: "\"") else { throw problem("expected a key in double quotes") }
            let key = try string()
            skipSpace(acrossLines: true)
            guard take(":") else { throw problem("expected : after the key '\(excerpt(key))'") }
            skipSpace(acrossLines: true)
            entries.append(.init(key: key, position: position, value: try value(depth: depth + 1)))
            skipSpace(acrossLines: true)
            if take("}") { return entries }
            guard take(",") else { throw problem("expected , or }") }
        }
    }

    private mutating func elements(depth: Int) throws(Problem) -> [SourceNode] {
        var elements: [SourceNode] = []
        next += 1
        skipSpace(acrossLines: true)
        if take("]") { return elements }
        while true {
            skipSpace(acrossLines: true)
            elements.append(try value(depth: depth + 1))
            skipSpace(acrossLines: true)
            if take("]") { return elements }
            guard take(",") else { throw problem("expected , or ]") }
        }
    }

    private mutating func word() throws(Problem) -> SourceNode.Content {
        let words: [(String, SourceNode.Content)] = [
            ("true", .text("true")), ("false", .text("false")), ("null", .null),
        ]
        for (word, content) in words where bytes[next...].starts(with: word.utf8) {
            next += word.utf8.count
            return content
        }
        throw problem(
            atEnd
                ? "the text ends where a value should stand"
                : "expected a value: an object, a list, a text in double quotes, a number, true, false or null")
    }

    /// The number as it is written, so that 2.50 stays 2.50.
    private mutating func number() throws(Problem) -> String {
        let start = next
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return String(decoding: bytes[start..<next], as: UTF8.self)
    }

    private mutating func digits() throws(Problem) {
        let start = next
        while let byte, Self.isDigit(byte) { next += 1 }
        guard next > start else { throw problem("expected a digit") }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    // MARK: Texts

    private mutating func string() throws(Problem) -> String {
        next += 1
        var result: [UInt8] = []
        while true {
            let start = next
            while let byte, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { next += 1 }
            result += bytes[start..<next]
            switch byte {
            case UInt8(ascii: "\""):
                next += 1
                return String(decoding: result, as: UTF8.self)
            case UInt8(ascii: "\\"): result += try escape()
            case nil: throw problem("the text ends within double quotes")
            default: throw problem("a control character within double quotes; write \\n, \\t or \\u00XX")
            }
        }
    }

    private mutating func escape() throws(Problem) -> [UInt8] {
        let position = position
        next += 1
        let plain: [UInt8: UInt8] = [
            UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F, UInt8(ascii: "b"): 0x08,
            UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
        ]
        if let byte, let result = plain[byte] {
            next += 1
            return [result]
        }
        guard take("u") else {
            throw Problem(
                position, "not JSON: unknown escape; JSON knows \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX")
        }
        var units = [try unit()]
        if UTF16.isLeadSurrogate(units[0]), take("\\"), take("u") { units.append(try unit()) }
        guard let text = String(validating: units, as: UTF16.self) else {
            throw Problem(
                position,
                "not JSON: half of a surrogate pair; a character above \\uFFFF needs both halves, such as \\ud83d\\ude00"
            )
        }
        return Array(text.utf8)
    }

    private mutating func unit() throws(Problem) -> UInt16 {
        let digits = bytes[next..<min(next + 4, bytes.count)]
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw problem("expected four hexadecimal digits after \\u") }
        next += 4
        return unit
    }

    // MARK: Bytes

    private var atEnd: Bool { next >= bytes.count }

    private var byte: UInt8? { atEnd ? nil : bytes[next] }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard byte == UInt8(ascii: character) else { return false }
        next += 1
        return true
    }

    private mutating func skipSpace(acrossLines: Bool) {
        while let byte, byte == 0x20 || byte == 0x09 || byte == 0x0D || (byte == 0x0A && acrossLines) { next += 1 }
    }

    private mutating func skipLine() {
        while let byte, byte != 0x0A { next += 1 }
    }

    private mutating func problem(_ message: String) -> Problem { Problem(position, "not JSON: \(message)") }

    private var position: Position {
        mutating get {
            for byte in bytes[marked.byte..<next] {
                if byte == 0x0A {
                    marked.position = Position(line: marked.position.line + 1, column: 1)
                } else if byte & 0xC0 != 0x80 {
                    marked.position.column += 1
                }
            }
            marked.byte = next
            return marked.position
        }
    }
}
