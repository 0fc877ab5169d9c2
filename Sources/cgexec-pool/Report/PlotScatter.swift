import CGExec

/// Two groups against each other, a sign for each job that both have; where there are no two groups, wall time against
/// memory.
struct PlotScatter {
    private struct Point {
        var x: Double
        var y: Double
        var look: OutcomeLook
        var isDisturbed: Bool
        var title: String
    }

    private static let mostMarks = 1500

    /// Nil where fewer than two jobs can be compared.
    static func comparison(_ division: PlotGroups?, _ measure: PlotMeasure) -> PlotFrame? {
        guard let division else { return nil }
        let (left, right, pairs) = division.closest
        let points = pairs.compactMap { pair -> Point? in
            guard let x = measure.median(of: pair.left), let y = measure.median(of: pair.right),
                let first = pair.left.first
            else { return nil }
            let records = pair.left + pair.right
            let look = records.map { OutcomeLook($0.outcome.kind) }.max() ?? .ok
            let ratio = x > 0 && y > 0 ? ", \(PlotScale.label(max(x / y, y / x), places: 2)) times" : ""
            return Point(
                x: x, y: y, look: look, isDisturbed: records.contains(where: \.isDisturbed),
                title: """
                    \(PlotFrame.shortened(first.name, to: 80)): \(left) \(measure.quantity.text(x)), \
                    \(right) \(measure.quantity.text(y))\(ratio), \(look.words)
                    """)
        }
        guard points.count >= 2 else { return nil }
        let scale = PlotScale.logarithmic(points.flatMap { [$0.x, $0.y] }, measure.quantity)
        let name = division.dimension.title
        var frame = PlotFrame(
            title: "\(measure.title): \(left) against \(right)",
            caption: """
                A sign for each job that both have. Below the diagonal \(right) is faster, above it \(left); the thin \
                lines are at twice and half.
                """,
            x: scale, xTitle: "\(measure.title), \(name) \(left)", y: scale,
            yTitle: "\(measure.title), \(name) \(right)", inner: 420)
        draw(points, &frame)
        for factor in [0.5, 1, 2] {
            // Where the line enters and leaves the axes' square.
            let from = max(scale.low, scale.low / factor)
            let to = min(scale.high, scale.high / factor)
            guard from < to else { continue }
            frame.marks.append(
                """
                <path class="guide\(factor == 1 ? "" : " thin")" d="M\(PlotFrame.text(frame.x(from))) \
                \(PlotFrame.text(frame.y(from * factor)))L\(PlotFrame.text(frame.x(to))) \
                \(PlotFrame.text(frame.y(to * factor)))"/>
                """)
        }
        return frame
    }

    /// Nil where fewer than three jobs have both figures.
    static func memoryByTime(_ records: [Record]) -> PlotFrame? {
        let points = records.compactMap { record -> Point? in
            guard let x = PlotMeasure.wall.of(record), let y = PlotMeasure.memory.of(record) else { return nil }
            return Point(
                x: x, y: y, look: OutcomeLook(record.outcome.kind), isDisturbed: record.isDisturbed,
                title: record.tooltip(.wall, .memory))
        }
        guard points.count >= 3 else { return nil }
        var frame = PlotFrame(
            title: "Peak memory by wall time", caption: "A sign for each job.",
            x: .fitting(points.map(\.x), .seconds), xTitle: "Wall time", y: .fitting(points.map(\.y), .bytes),
            yTitle: "Peak memory", inner: 320)
        draw(points, &frame)
        return frame
    }

    private static func draw(_ points: [Point], _ frame: inout PlotFrame) {
        var places: [Place: (point: Point, count: Int)] = [:]
        // As fine as the number of marks allows.
        for cell in [0.1, 2, 4, 8, 16, 32] {
            places = [:]
            for point in points {
                let place = Place(
                    x: Int(frame.x(point.x) / cell), y: Int(frame.y(point.y) / cell), look: point.look,
                    isDisturbed: point.isDisturbed)
                places[place, default: (point, 0)].count += 1
            }
            if places.count <= mostMarks { break }
        }
        if places.values.contains(where: { $0.count > 1 }) {
            frame.caption += " Signs of one kind that lie upon each other are one; it tells how many."
        }
        for (place, mark) in places.sorted(by: { $0.key < $1.key }) {
            let title = mark.count > 1 ? "\(mark.count) jobs, such as \(mark.point.title)" : mark.point.title
            frame.marks.append(
                """
                <use href="#o-\(place.look.name)" class="o \(place.look.name)\(place.isDisturbed ? " hollow" : "")" \
                x="\(PlotFrame.text(frame.x(mark.point.x)))" y="\(PlotFrame.text(frame.y(mark.point.y)))">\
                <title>\(HTMLText.escaped(title))</title></use>
                """)
        }
        let looks = Set(points.map(\.look))
        frame.legend = OutcomeLook.allCases.filter(looks.contains).map { key($0, $0.words, hollow: false) }
        if points.contains(where: \.isDisturbed) {
            frame.legend.append(key(.ok, "hollow: perturbed or invalid figures", hollow: true))
        }
    }

    private struct Place: Hashable, Comparable {
        var x: Int
        var y: Int
        var look: OutcomeLook
        var isDisturbed: Bool

        /// What a reader has to know of lies on top.
        static func < (left: Place, right: Place) -> Bool {
            (left.look, left.x, left.y) < (right.look, right.x, right.y)
        }
    }

    private static func key(_ look: OutcomeLook, _ words: String, hollow: Bool) -> String {
        """
        <svg class="key" viewBox="0 0 34 16" aria-hidden="true"><use href="#o-\(look.name)" \
        class="o \(look.name)\(hollow ? " hollow" : "")" x="17" y="8"/></svg>\(HTMLText.escaped(words))
        """
    }
}
