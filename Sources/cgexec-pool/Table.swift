import Glibc

/// A table for people, in the form of Markdown.
struct Table {
    var head: [String]
    var rows: [[String]]
    /// The columns of numbers.
    var rightAligned: Set<Int>

    /// Its lines, without the columns in which no row has anything.
    var lines: [String] {
        let rows = rows.map { $0.map(Self.cell) }
        let used = head.indices.filter { column in rows.contains { !$0[column].isEmpty } }
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            let texts = used.map { column in
                let blanks = String(repeating: " ", count: widths[column] - cells[column].count)
                return rightAligned.contains(column) ? blanks + cells[column] : cells[column] + blanks
            }
            return "| " + texts.joined(separator: " | ") + " |"
        }
        let rules = used.map { column in
            String(repeating: "-", count: widths[column] + 1) + (rightAligned.contains(column) ? ":" : "-")
        }
        return [line(head), "|" + rules.joined(separator: "|") + "|"] + rows.map(line)
    }

    /// A text as it may stand in a cell: a bar would end it, a line its row (GitHub Flavored Markdown, 4.10).
    private static func cell(_ text: String) -> String {
        // "\r\n" is one character.
        text.split(omittingEmptySubsequences: false) { $0.isNewline || $0 == "\t" }.joined(separator: " ")
            .replacing("|", with: "\\|").harmless
    }
}

/// A number with so many digits after the point, one or more.
func fixed(_ value: Double, places: Int) -> String {
    let scaled = (value.magnitude * pow(10, Double(places))).rounded()
    guard scaled < 0x1p63 else { return "\(value)" }
    let digits = "\(UInt64(scaled))"
    let all = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    return (value < 0 && scaled > 0 ? "-" : "") + all.dropLast(places) + "." + all.suffix(places)
}
