/// Texts of others as they may stand in a page of ours. Names, messages and output come from job files and from the
/// programs that ran: nothing of them may become markup, script, or a link to anything but a file.
enum HTMLText {
    /// In an element or between the quotes of an attribute, of HTML and of SVG.
    static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(isAllowed(scalar) ? scalar : "\u{FFFD}")
            }
        }
        return result
    }

    /// A JSON string that may stand in a `script` element: without what could end that, begin a comment there
    /// (HTML, 4.12.1.3), or end a line of script but not of JSON.
    static func json(_ text: String) -> String {
        var result = "\""
        result.reserveCapacity(text.utf8.count + 2)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "<": result += "\\u003c"
            case ">": result += "\\u003e"
            case "&": result += "\\u0026"
            case "\u{2028}": result += "\\u2028"
            case "\u{2029}": result += "\\u2029"
            default: result.unicodeScalars.append(isAllowed(scalar) ? scalar : "\u{FFFD}")
            }
        }
        return result + "\""
    }

    /// What XML 1.0, 2.2 allows and no terminal obeys.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x20...0x7E, 0xA0...0xFFFD, 0x1_0000...0x10_FFFF: true
        default: false
        }
    }

    /// The address of a file, from a page in `folder` where that is known: all of it is a path, however it begins.
    static func address(of path: String, from folder: String?) -> String {
        guard path.hasPrefix("/") else { return "./" + encoded(path) }
        guard let folder else { return "file://" + encoded(path) }
        let target = parts(path)
        let base = parts(folder)
        let shared = zip(target, base).prefix { $0 == $1 }.count
        // Beyond a common folder a path from the page would only hide where the file is.
        guard shared > 0 else { return "file://" + encoded(path) }
        let steps = Array(repeating: "..", count: base.count - shared) + target.dropFirst(shared)
        return "./" + encoded(steps.joined(separator: "/"))
    }

    private static func parts(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }

    /// Percent-encoded but for the unreserved characters of RFC 3986, 2.3, and slashes.
    private static func encoded(_ path: String) -> String {
        var result = ""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case _ where "-._~/".utf8.contains(byte): result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}
