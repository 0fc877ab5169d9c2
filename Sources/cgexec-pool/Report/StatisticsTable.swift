import CGExec

/// What the runs of each repeated job say together.
struct StatisticsTable {
    private let groups: [Repetitions]
    private let written: (String) -> String

    private static let head = [
        "job", "used", "figure", "mean", "± 95 %", "median", "min", "max", "stdev", "outliers", "validity",
    ]
    private static let rightAligned: Set = [1, 3, 4, 5, 6, 7, 8]

    /// Nil where no job was repeated.
    /// - Parameter written: How a text stands in a cell.
    init?(_ groups: [Repetitions], written: @escaping (String) -> String = { $0 }) {
        self.groups = groups.filter(\.isRepeated)
        self.written = written
        if self.groups.isEmpty { return nil }
    }

    /// The table, and what is to be known of its figures.
    var text: String {
        let table = Table(
            head: Self.head, rows: groups.flatMap(Self.rows).map { $0.map(written) }, rightAligned: Self.rightAligned)
        let trusts = Set(groups.compactMap(\.trust))
        return (table.lines + Self.notes(trusts)).joined(separator: "\n")
    }

    /// What a word in the last column of a table means.
    static func notes(_ trusts: Set<Repetitions.Trust>) -> [String] {
        var notes: [String] = []
        if trusts.contains(.untold) { notes.append("unknown: nobody can tell whether these runs were disturbed") }
        if trusts.contains(.perturbed) { notes.append("perturbed: none of these runs was clean") }
        return notes.isEmpty ? [] : [""] + notes
    }

    private static func rows(_ group: Repetitions) -> [[String]] {
        let rows = Figure.allCases.compactMap { row(group, $0) }
        guard rows.isEmpty else { return rows }
        return [[group.identity.label, "0/\(group.attempts.count)"] + Array(repeating: "", count: head.count - 2)]
    }

    private static func row(_ group: Repetitions, _ figure: Figure) -> [String]? {
        let samples = group.samples(figure)
        guard let statistics = Statistics(samples.map(\.value)) else { return nil }
        let half = statistics.interval().map { ($0.upperBound - $0.lowerBound) / 2 / statistics.mean }
        return [
            group.identity.label, "\(samples.count)/\(group.attempts.count)", figure.title,
            figure.text(statistics.mean),
            half.map { $0.isFinite ? fixed(100 * $0, places: 1) + " %" : "" } ?? "", figure.text(statistics.median),
            figure.text(statistics.min), figure.text(statistics.max),
            statistics.standardDeviation.map(figure.text) ?? "",
            statistics.outliers.map { "#\(samples[$0].number)" }.joined(separator: " "), group.trust?.word ?? "",
        ]
    }
}

extension Repetitions.Trust {
    /// What a table says of figures that are not known to be clean.
    var word: String {
        switch self {
        case .clean: ""
        case .untold: "unknown"
        case .perturbed: "perturbed"
        }
    }
}
