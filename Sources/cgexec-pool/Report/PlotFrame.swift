/// A plot: axes with labels, units and a grid, what is drawn between them, and a legend below. The colours are the
/// page's.
struct PlotFrame {
    static let left = 84.0
    static let right = 20.0
    static let top = 14.0
    static let bottom = 46.0

    /// Of the picture; a wide plot stands alone in its line.
    var isWide = false
    var width: Double { isWide ? 1400 : 680 }
    var title: String
    /// What the reader sees, in a sentence or two.
    var caption: String
    var x: PlotScale
    var xTitle: String
    /// Absent where the rows have names instead.
    var y: PlotScale?
    var yTitle = ""
    /// The names of rows, with where they are, from 0 at the top to 1.
    var rows: [(name: String, middle: Double)] = []
    var leftMargin = left
    /// How high the place between the axes is.
    var inner = 250.0
    var marks: [String] = []
    var legend: [String] = []

    private var span: Double { width - leftMargin - Self.right }
    func x(_ value: Double) -> Double { leftMargin + x.position(value) * span }
    func y(_ value: Double) -> Double { Self.top + inner - (y?.position(value) ?? 0) * inner }

    /// The plot with its heading and legend.
    var html: String {
        let legend =
            legend.isEmpty ? "" : "<ul class=\"legend\">\(legend.map { "<li>\($0)</li>" }.joined())</ul>"
        return """
            <figure\(isWide ? " class=\"long\"" : "")><figcaption><h3>\(HTMLText.escaped(title))</h3>\
            <p>\(HTMLText.escaped(caption))</p></figcaption>
            <div class="wide" tabindex="0" role="group" aria-label="\(HTMLText.escaped(title)), scrollable">\(svg)</div>
            \(legend)</figure>
            """
    }

    var svg: String {
        let height = Self.top + inner + Self.bottom
        let (end, floor) = (width - Self.right, Self.top + inner)
        var lines = [
            """
            <svg viewBox="0 0 \(Self.text(width)) \(Self.text(height))" role="img" \
            aria-label="\(HTMLText.escaped("\(title). \(caption)"))">
            """
        ]
        for tick in x.ticks {
            let at = Self.text(x(tick.value))
            lines.append("<path class=\"grid\" d=\"M\(at) \(Self.text(Self.top))V\(Self.text(floor))\"/>")
            lines.append("<text x=\"\(at)\" y=\"\(Self.text(floor + 16))\" text-anchor=\"middle\">\(tick.label)</text>")
        }
        let beside = Self.text(leftMargin - 8)
        for tick in y?.ticks ?? [] {
            let at = y(tick.value)
            lines.append("<path class=\"grid\" d=\"M\(Self.text(leftMargin)) \(Self.text(at))H\(Self.text(end))\"/>")
            lines.append("<text x=\"\(beside)\" y=\"\(Self.text(at + 4))\" text-anchor=\"end\">\(tick.label)</text>")
        }
        for row in rows {
            let at = Self.text(Self.top + row.middle * inner + 4)
            let name = Self.shortened(row.name, to: Int(leftMargin / 6.6) - 2)
            let full = name == row.name ? "" : "<title>\(HTMLText.escaped(row.name))</title>"
            lines.append(
                "<text x=\"\(beside)\" y=\"\(at)\" text-anchor=\"end\">\(HTMLText.escaped(name))\(full)</text>")
        }
        lines += marks
        lines.append(
            """
            <path class="axis" d="M\(Self.text(leftMargin)) \(Self.text(Self.top))V\(Self.text(floor))\
            H\(Self.text(end))"/>
            <text class="title" x="\(Self.text((leftMargin + end) / 2))" y="\(Self.text(height - 8))" \
            text-anchor="middle">\(Self.axis(xTitle, x.unit))</text>
            """)
        if let y {
            let middle = Self.text(Self.top + inner / 2)
            lines.append(
                """
                <text class="title" x="16" y="\(middle)" text-anchor="middle" transform="rotate(-90 16 \(middle))">\
                \(Self.axis(yTitle, y.unit))</text>
                """)
        }
        return lines.joined(separator: "\n") + "\n</svg>"
    }

    // MARK: Parts

    private static func axis(_ title: String, _ unit: String) -> String {
        HTMLText.escaped(unit.isEmpty ? title : "\(title) [\(unit)]")
    }

    /// A coordinate as short as a picture needs it.
    static func text(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }

    /// One of the page's signs, with what it tells where the pointer rests on it.
    static func mark(_ look: Int, x: Double, y: Double, hollow: Bool = false, title: String) -> String {
        """
        <use href="#m\(look % looks)" class="s\(look % looks)\(hollow ? " hollow" : "")" x="\(text(x))" y="\(text(y))">\
        <title>\(HTMLText.escaped(title))</title></use>
        """
    }

    /// A line through these points.
    static func line(_ points: [(x: Double, y: Double)], look: Int) -> String {
        let path = points.map { "\(text($0.x)) \(text($0.y))" }.joined(separator: "L")
        return "<path class=\"line s\(look % looks)\" d=\"M\(path)\"/>"
    }

    /// A legend's entry for a series.
    static func key(_ look: Int, _ name: String, line: Bool) -> String {
        let stroke = line ? "<path class=\"line s\(look % looks)\" d=\"M0 8H34\"/>" : ""
        return """
            <svg class="key" viewBox="0 0 34 16" aria-hidden="true">\(stroke)\
            <use href="#m\(look % looks)" class="s\(look % looks)" x="17" y="8"/></svg>\(HTMLText.escaped(name))
            """
    }

    /// A legend's entry for an area with a pattern.
    static func key(area name: String, _ words: String) -> String {
        """
        <svg class="key" viewBox="0 0 34 16" aria-hidden="true"><rect class="bar \(name)" x="1" y="2" width="32" \
        height="12"/></svg>\(HTMLText.escaped(words))
        """
    }

    /// How many series can be told apart.
    static let looks = 8

    static func shortened(_ text: String, to count: Int) -> String {
        text.count <= count ? text : "\(text.prefix(max(1, count - 1)))…"
    }
}
