import CGExec

/// The table of all jobs as GitHub Flavored Markdown, with what adds up and the machines.
enum MarkdownExport {
    static func render(_ data: ReportData, bySlot: Bool) -> String {
        let tables = AttemptTables(data, bySlot: bySlot, written: escaped)
        var blocks = tables.parts.flatMap { part in
            (part.title.map { ["### \($0)"] } ?? []) + [part.table.lines.joined(separator: "\n")]
        }
        blocks.append(tables.counted)
        if let lack = data.lack { blocks.append(escaped(lack)) }
        if let table = StatisticsTable(Repetitions.groups(data.attempts.map(\.record)), written: escaped) {
            blocks.append(table.text)
        }
        if !data.machines.isEmpty {
            blocks.append(data.machines.map { "- " + escaped($0.forPeople) }.joined(separator: "\n"))
        }
        return blocks.joined(separator: "\n\n") + "\n"
    }

    /// What would be read as markup (GFM 2.4), but for the bar, which `Table` escapes; on one line.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if character.isNewline {
                result += " "
            } else {
                if "\\`*_[]<>&~$#".contains(character) { result += "\\" }
                result.append(character)
            }
        }
        return result.harmless
    }
}
