import CGExec

/// How many jobs went well within what time: the n-th fastest of each group over n, as in competitions of solvers
/// (Beyer, Löwe and Wendler 2019). The further right a line ends, the more jobs went well; the lower it is, the less
/// time they took.
struct PlotQuantiles {
    private let groups: [(name: String, values: [Double])]
    private let measure: PlotMeasure
    private let dimension: String?
    private static let mostPoints = 400

    /// Of results that count: no warm-ups.
    init(_ records: [Record], _ division: PlotGroups?, _ measure: PlotMeasure) {
        let all = division?.groups ?? [(name: "all jobs", records: records)]
        groups = all.map { group in
            (group.name, group.records.filter(\.outcome.isSuccess).compactMap(measure.of).sorted())
        }
        self.measure = measure
        dimension = division?.dimension.title
    }

    /// Nil where fewer than three jobs went well.
    var frame: PlotFrame? {
        let most = groups.map(\.values.count).max() ?? 0
        guard most >= 3 else { return nil }
        var frame = PlotFrame(
            title: "\(measure.title) of the n-th fastest" + (dimension.map { " by \($0)" } ?? ""),
            caption: """
                Jobs that went well, sorted by \(measure.name). A line that goes further right has more of them, \
                one that is lower was faster.
                """,
            x: .linear(to: Double(most), .number, ticks: 8), xTitle: "n-th fastest job that went well",
            y: .logarithmic(groups.flatMap(\.values), measure.quantity), yTitle: measure.title)
        for (look, group) in groups.enumerated() {
            let count = group.values.count
            let places = Self.places(count)
            let points = places.map { (x: frame.x(Double($0 + 1)), y: frame.y(group.values[$0])) }
            if points.count > 1 { frame.marks.append(PlotFrame.line(points, look: look)) }
            let signs = Set(stride(from: 0, to: count, by: max(1, count / 10)).map { $0 } + [count - 1])
            for place in signs.sorted() where place >= 0 {
                frame.marks.append(
                    PlotFrame.mark(
                        look, x: frame.x(Double(place + 1)), y: frame.y(group.values[place]),
                        title:
                            "\(group.name): no. \(place + 1) of \(count), \(measure.quantity.text(group.values[place]))"
                    ))
            }
            frame.legend.append(PlotFrame.key(look, "\(group.name) (\(count))", line: true))
        }
        return frame
    }

    /// Which of so many values are drawn: all, or evenly chosen ones with the first and the last.
    static func places(_ count: Int) -> [Int] {
        guard count > mostPoints else { return Array(0..<count) }
        return (0..<mostPoints).map { $0 * (count - 1) / (mostPoints - 1) }
    }
}
