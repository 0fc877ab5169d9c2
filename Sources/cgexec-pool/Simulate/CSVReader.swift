/// The fields of comma-separated values (RFC 4180), each with its place.
struct CSVReader {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var position = Position.start
    private(set) var problems: [Problem] = []

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// The next line that is not blank; nil at the end.
    mutating func line() -> [Located<String>]? {
        while index < scalars.count {
            if endOfLine() { continue }
            var fields = [field()]
            while index < scalars.count, scalars[index] == "," {
                advance()
                fields.append(field())
            }
            _ = endOfLine()
            return fields
        }
        return nil
    }

    private mutating func field() -> Located<String> {
        let start = position
        var text = ""
        if index < scalars.count, scalars[index] == "\"" {
            text = quoted(from: start)
        }
        while index < scalars.count, scalars[index] != ",", !isEndOfLine {
            text.unicodeScalars.append(scalars[index])
            advance()
        }
        return Located(value: text, place: Place(position: start, path: ""))
    }

    /// What stands between quotation marks, two of which stand for one.
    private mutating func quoted(from start: Position) -> String {
        var text = ""
        advance()
        while index < scalars.count {
            let scalar = scalars[index]
            advance()
            if scalar == "\"" {
                guard index < scalars.count, scalars[index] == "\"" else { return text }
                advance()
            }
            text.unicodeScalars.append(scalar)
        }
        problems.append(Problem(start, "the quotation mark is not closed; put one at the end of the field"))
        return text
    }

    private var isEndOfLine: Bool {
        scalars[index] == "\n"
            || scalars[index] == "\r" && (index + 1 == scalars.count || scalars[index + 1] == "\n")
    }

    /// Passes the end of a line, if here is one.
    private mutating func endOfLine() -> Bool {
        guard index < scalars.count, isEndOfLine else { return false }
        if scalars[index] == "\r" { advance() }
        if index < scalars.count, scalars[index] == "\n" { advance() }
        return true
    }

    private mutating func advance() {
        if scalars[index] == "\n" {
            position = Position(line: position.line + 1, column: 1)
        } else {
            position.column += 1
        }
        index += 1
    }
}
