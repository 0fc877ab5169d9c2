import Glibc

/// A table in Markdown, columns padded so that it also reads well as it is.
struct Table {
    private var rows: [[String]]

    init(_ columns: [String]) { rows = [columns] }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines = rows.map { row in
            "| " + row.indices.map { pad(row[$0], widths[$0], left: $0 == 0) }.joined(separator: " | ") + " |"
        }
        let rule = widths.indices.map {
            String(repeating: "-", count: widths[$0] + ($0 == 0 ? 2 : 1)) + ($0 == 0 ? "" : ":")
        }
        lines.insert("|" + rule.joined(separator: "|") + "|", at: 1)
        return lines.joined(separator: "\n")
    }

    private func pad(_ text: String, _ width: Int, left: Bool) -> String {
        let space = String(repeating: " ", count: width - text.count)
        return left ? text + space : space + text
    }
}

/// A number with so many digits after the point.
func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "–" }
    var buffer = [CChar](repeating: 0, count: 64)
    let length = withVaList([Int32(digits), value]) { vsnprintf(&buffer, buffer.count, "%.*f", $0) }
    return String(decoding: buffer.prefix(Int(length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
}

extension Samples {
    /// Median and spread as two cells.
    func cells(_ digits: Int) -> [String] {
        [fixed(median, digits), "\(fixed(spread.low, digits)) – \(fixed(spread.high, digits))"]
    }
}
