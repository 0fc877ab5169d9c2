/// Commands as a shell would read them.
enum ShellText {
    /// The words on one line, each in quotes where it needs them.
    static func line(_ words: [String]) -> String { words.map(quoted).joined(separator: " ") }

    /// The same for files of one line each: what would end a line, or a column, is written as in `$'a\nb'`, which bash, zsh
    /// and POSIX.1-2024 (2.2.4) read.
    static func singleLine(_ words: [String]) -> String {
        words.map { word in word.unicodeScalars.contains(where: isControl) ? escaped(word) : quoted(word) }
            .joined(separator: " ")
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .control }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += #"\n"#
            case "\t": result += #"\t"#
            case "'", "\\": result += "\\\(scalar)"
            case _ where isControl(scalar):
                // Always three digits: one that follows would be read with fewer.
                for byte in String(scalar).utf8 { result += "\\" + octal(byte) }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return "$'" + result + "'"
    }

    private static func octal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 8)
        return String(repeating: "0", count: 3 - digits.count) + digits
    }

    /// A word that `sh` reads as this text.
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "%+,-./:=@_".utf8.contains(byte)
            }
        }
        return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: #"'\''"#) + "'"
    }
}
