import CGExec

extension RunComparison {
    /// A table with a row for each job that both have, the jobs that only one has, and a line that sums up.
    var text: String {
        let head = [
            "job", "runs before", "after", "before \(figure.title)", "after \(figure.title)", "ratio",
            "\(Self.percent(confidence)) interval", "finding", "validity",
        ]
        let trusts = Set(rows.flatMap { [$0.before.trust, $0.after.trust] }.compactMap { $0 })
        let table = Table(head: head, rows: rows.map(cells), rightAligned: [1, 2, 3, 4, 5, 6])
        var lines = table.lines + StatisticsTable.notes(trusts)
        let lonely = [("before", onlyBefore), ("after", onlyAfter)].filter { !$0.1.isEmpty }
        if !lonely.isEmpty { lines.append("") }
        for (side, jobs) in lonely {
            lines.append("only \(side): " + jobs.map(\.label.harmless).joined(separator: ", "))
        }
        return (lines + ["", summary]).joined(separator: "\n")
    }

    private func cells(_ row: Row) -> [String] {
        let (old, new) = (row.before.figures(figure), row.after.figures(figure))
        return [
            row.after.identity.label, "\(old.count)/\(row.before.attempts.count)",
            "\(new.count)/\(row.after.attempts.count)", Statistics(old).map { figure.text($0.mean) } ?? "",
            Statistics(new).map { figure.text($0.mean) } ?? "",
            row.comparison.map { fixed($0.ratio, places: 3) } ?? "",
            row.comparison?.interval.map { "\(fixed($0.lowerBound, places: 3))–\(fixed($0.upperBound, places: 3))" }
                ?? "", finding(row), Self.trust(row),
        ]
    }

    private func finding(_ row: Row) -> String {
        guard let comparison = row.comparison else {
            let hasBoth = !row.before.figures(figure).isEmpty && !row.after.figures(figure).isEmpty
            return hasBoth ? "no ratio to 0" : "no figures"
        }
        return word(comparison.finding)
    }

    private func word(_ finding: Comparison.Finding) -> String {
        let isTime = figure != .memoryPeakBytes
        return switch finding {
        case .regression: isTime ? "slower" : "more"
        case .improvement: isTime ? "faster" : "less"
        case .same: "the same"
        case .unclear: "no difference shown"
        case .tooFew: "not enough runs"
        }
    }

    /// What is to be known of the figures of either side, each word once.
    private static func trust(_ row: Row) -> String {
        let words = [row.before.trust, row.after.trust].compactMap { $0?.word }.filter { !$0.isEmpty }
        return (words.first == words.last ? Array(words.prefix(1)) : words).joined(separator: ", ")
    }

    /// What was found, in one line: the regressions by their names, what else there is by its number.
    private var summary: String {
        let worse = rows.filter { $0.comparison?.isRegression == true }
        let measure =
            "\(figure == .memoryPeakBytes ? "using more" : word(.regression)) by more than \(Self.percent(threshold)), with \(Self.percent(confidence)) confidence"
        let found =
            worse.isEmpty
            ? "no job is \(measure)"
            : "\(worse.count) of \(rows.count) \(rows.count == 1 ? "job" : "jobs") \(worse.count == 1 ? "is" : "are") \(measure): "
                + worse.map(\.after.identity.label.harmless).joined(separator: ", ")
        let others = rows.filter { $0.comparison?.isRegression != true }.map(finding)
        let kinds = others.reduce(into: [String]()) { kinds, word in if !kinds.contains(word) { kinds.append(word) } }
        return ([found] + kinds.map { kind in "\(kind): \(others.count { $0 == kind })" }).joined(separator: "; ")
    }

    /// A part as people write it, such as `99.9 %`.
    private static func percent(_ part: Double) -> String {
        var text = fixed(part * 100, places: 4)
        while text.last == "0" { text.removeLast() }
        return (text.last == "." ? text.dropLast() : text[...]) + " %"
    }
}
