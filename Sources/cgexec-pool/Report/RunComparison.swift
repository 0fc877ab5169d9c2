import CGExec

/// Two runs of the same jobs, job by job.
struct RunComparison {
    /// A job that both have.
    struct Row {
        var before: Repetitions
        var after: Repetitions
        /// Nil where a side has no figure, or one of 0.
        var comparison: Comparison?
    }

    let figure: Figure
    let threshold: Double
    let confidence: Double
    /// In the order of the new run.
    let rows: [Row]
    /// Jobs that only one has.
    let onlyBefore: [Repetitions.Identity]
    let onlyAfter: [Repetitions.Identity]
    /// What makes the comparison doubtful as a whole; nil where nothing does.
    let warning: String?

    init(before: ReportData, after: ReportData, figure: Figure, threshold: Double, confidence: Double) {
        self.figure = figure
        self.threshold = threshold
        self.confidence = confidence
        let old = Repetitions.groups(before.attempts.map(\.record))
        let new = Repetitions.groups(after.attempts.map(\.record))
        let earlier = Dictionary(uniqueKeysWithValues: old.map { ($0.identity, $0) })
        let later = Set(new.map(\.identity))
        rows = new.compactMap { group in
            earlier[group.identity].map { before in
                Row(
                    before: before, after: group,
                    comparison: Comparison(
                        before: before.figures(figure), after: group.figures(figure), confidence: confidence,
                        threshold: threshold))
            }
        }
        onlyBefore = old.map(\.identity).filter { !later.contains($0) }
        onlyAfter = new.map(\.identity).filter { earlier[$0] == nil }
        warning = Self.warning(before, after)
    }

    /// Whether anything could be said of any job.
    var isOfUse: Bool { rows.contains { $0.comparison.map { $0.finding != .tooFew } ?? false } }

    var hasRegression: Bool { rows.contains { $0.comparison?.isRegression == true } }

    /// Journals tell the machine, records only its name.
    private static func warning(_ before: ReportData, _ after: ReportData) -> String? {
        func machines(_ data: ReportData) -> Set<String> {
            let hosts = data.attempts.compactMap(\.record.host)
            return Set(data.machines.isEmpty ? hosts : data.machines.map(\.forPeople))
        }
        func names(_ data: ReportData) -> Set<String> {
            Set(data.machines.map(\.name) + data.attempts.compactMap(\.record.host))
        }
        let isByName = before.machines.isEmpty || after.machines.isEmpty
        let (old, new) = isByName ? (names(before), names(after)) : (machines(before), machines(after))
        guard old != new, !old.isEmpty, !new.isEmpty else { return nil }
        return """
            \(before.source) is of \(old.sorted().joined(separator: " and ")), \
            \(after.source) of \(new.sorted().joined(separator: " and ")): what differs may be the machines' doing
            """
    }
}
