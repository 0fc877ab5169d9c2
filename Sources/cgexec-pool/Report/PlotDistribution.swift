import CGExec

/// How far figures of a group lie apart: of a job's repetitions where there are some, else of what is compared. A box
/// from the first quartile to the third with the median in it, and whiskers to the last value within one and a half
/// times the box's length (Tukey 1977).
struct PlotDistribution {
    private let groups: [(name: String, records: [Record])]
    private let measure: PlotMeasure
    private let left: Int
    private let isOfRepetitions: Bool
    private static let mostRows = 40
    private static let mostMarks = 60

    /// Of results that count: no warm-ups.
    init(_ records: [Record], _ division: PlotGroups?, _ measure: PlotMeasure) {
        self.measure = measure
        let repeated = records.filter { $0.repeat != nil }
        isOfRepetitions = !repeated.isEmpty
        var all: [(name: String, records: [Record])]
        if isOfRepetitions {
            let jobs = Dictionary(grouping: repeated) { "\($0.name)\u{0}\($0.paramsForPeople ?? "")" }
            all = jobs.values.sorted { ($0[0].id, $0[0].name) < ($1[0].id, $1[0].name) }.map { ($0[0].name, $0) }
            // Two jobs of one name differ in their parameters.
            if Set(all.map(\.name)).count < all.count {
                all = all.map { ("\($0.name) \($0.records[0].paramsForPeople ?? "")", $0.records) }
            }
        } else {
            all = division?.groups ?? [(name: "all jobs", records: records)]
        }
        all = all.filter { group in group.records.contains { $0.outcome.isSuccess && measure.of($0) != nil } }
        left = max(0, all.count - Self.mostRows)
        groups = Array(all.prefix(Self.mostRows))
    }

    /// Nil where no group has three values.
    var frame: PlotFrame? {
        let successes = groups.map { group in
            group.records.filter { $0.outcome.isSuccess && measure.of($0) != nil }
        }
        let values = successes.map { $0.compactMap(measure.of).sorted() }
        guard values.contains(where: { $0.count >= 3 }) else { return nil }
        let rest = left > 0 ? " \(left) more jobs are not shown." : ""
        let names = groups.indices.map { "\(groups[$0].name) (\(values[$0].count))" }
        let room = 34.0
        var frame = PlotFrame(
            title: isOfRepetitions
                ? "\(measure.title) of repetitions" : "Distribution of \(measure.name)",
            caption: """
                Boxes reach from the first quartile to the third, with the median in them; whiskers to the last value \
                within one and a half times that length. Warm-ups and what did not go well are left out.\(rest)
                """,
            x: .fitting(values.flatMap(\.self), measure.quantity), xTitle: measure.title,
            rows: names.enumerated().map { ($0.element, (Double($0.offset) + 0.5) / Double(names.count)) },
            leftMargin: min(260, max(PlotFrame.left, Double(names.map(\.count).max() ?? 0) * 6.8 + 20)),
            inner: room * Double(groups.count))
        for (row, values) in values.enumerated() {
            draw(
                values, successes[row], named: groups[row].name, at: PlotFrame.top + room * (Double(row) + 0.5), &frame)
        }
        if successes.contains(where: { $0.contains(where: \.isDisturbed) }) {
            frame.legend = [
                PlotFrame.key(0, "a value", line: false),
                """
                <svg class="key" viewBox="0 0 34 16" aria-hidden="true">\
                <use href="#m0" class="s0 hollow" x="17" y="8"/></svg>\
                hollow: perturbed or invalid figures
                """,
            ]
        }
        return frame
    }

    private func draw(
        _ values: [Double], _ records: [Record], named name: String, at middle: Double, _ frame: inout PlotFrame
    ) {
        let box = Box(values)
        let (low, high) = (frame.x(box.first), frame.x(box.third))
        func text(_ number: Double) -> String { PlotFrame.text(number) }
        func value(_ number: Double) -> String { measure.quantity.text(number) }
        let title = """
            \(name): median \(value(box.median)), quartiles \(value(box.first)) and \(value(box.third)), from \
            \(value(values.first ?? box.first)) to \(value(values.last ?? box.third)), \(values.count) values
            """
        frame.marks.append(
            """
            <g><path class="whisker" d="M\(text(frame.x(box.low))) \(text(middle))H\(text(low))M\(text(high)) \
            \(text(middle))H\(text(frame.x(box.high)))"/><rect class="box" x="\(text(low))" y="\(text(middle - 10))" \
            width="\(text(max(1, high - low)))" height="20"/><path class="median" d="M\(text(frame.x(box.median))) \
            \(text(middle - 10))v20"/><title>\(HTMLText.escaped(title))</title></g>
            """)
        // All values where they are few, else those beyond the whiskers; the outermost of them where these are many,
        // too.
        let few = records.count <= Self.mostMarks
        let beyond = records.filter { record in
            measure.of(record).map { few || $0 < box.low || $0 > box.high } ?? false
        }.sorted { distance($0, box) > distance($1, box) }
        for record in beyond.prefix(Self.mostMarks) {
            guard let value = measure.of(record) else { continue }
            frame.marks.append(
                PlotFrame.mark(
                    0, x: frame.x(value), y: middle, hollow: record.isDisturbed, title: record.tooltip(measure)))
        }
    }

    private func distance(_ record: Record, _ box: Box) -> Double {
        measure.of(record).map { abs($0 - box.median) } ?? 0
    }

    /// The five figures of a box.
    struct Box: Equatable {
        var low: Double
        var first: Double
        var median: Double
        var third: Double
        var high: Double

        /// Of sorted values, at least one.
        init(_ sorted: [Double]) {
            first = PlotMeasure.quantile(sorted, 0.25)
            median = PlotMeasure.quantile(sorted, 0.5)
            third = PlotMeasure.quantile(sorted, 0.75)
            let reach = 1.5 * (third - first)
            let (below, above) = (first - reach, third + reach)
            low = sorted.first { $0 >= below } ?? first
            high = sorted.last { $0 <= above } ?? third
        }
    }
}
