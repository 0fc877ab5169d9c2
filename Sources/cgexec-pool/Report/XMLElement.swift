/// An element of XML 1.0, as text.
struct XMLElement {
    var name: String
    /// Without those that are nil.
    var attributes: [(name: String, value: String?)]
    var children: [XMLElement] = []
    /// What stands in an element without children.
    var text: String?

    init(_ name: String, _ attributes: [(name: String, value: String?)] = [], _ children: [XMLElement] = []) {
        self.name = name
        self.attributes = attributes
        self.children = children
    }

    init(_ name: String, _ attributes: [(name: String, value: String?)] = [], text: String) {
        self.init(name, attributes)
        self.text = text
    }

    /// A whole document, of which this is the root.
    var document: String {
        var lines = [#"<?xml version="1.0" encoding="UTF-8"?>"#]
        write(to: &lines, indent: "")
        return lines.joined(separator: "\n") + "\n"
    }

    private func write(to lines: inout [String], indent: String) {
        let start = attributes.reduce("\(indent)<\(name)") { tag, attribute in
            attribute.value.map { "\(tag) \(attribute.name)=\"\(Self.escaped($0, isAttribute: true))\"" } ?? tag
        }
        if let text {
            lines.append("\(start)>\(Self.escaped(text))</\(name)>")
        } else if children.isEmpty {
            lines.append("\(start)/>")
        } else {
            lines.append("\(start)>")
            for child in children { child.write(to: &lines, indent: indent + "  ") }
            lines.append("\(indent)</\(name)>")
        }
    }

    /// A text as it may stand between tags, and between the quotation marks of an attribute.
    static func escaped(_ text: String, isAttribute: Bool = false) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            // Bare it may end no CDATA section, not even where there is none (XML 1.0, 2.4).
            case ">": result += "&gt;"
            case "\"" where isAttribute: result += "&quot;"
            // Line ends become line feeds (2.11), all of them in an attribute blanks (3.3.3).
            case "\r": result += "&#13;"
            case "\n" where isAttribute: result += "&#10;"
            case "\t" where isAttribute: result += "&#9;"
            default: result.unicodeScalars.append(isAllowed(scalar) ? scalar : "\u{FFFD}")
            }
        }
        return result
    }

    /// Char of XML 1.0, 2.2: most control characters may not even stand there as a number.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }
}
