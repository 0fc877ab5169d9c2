import CGExec

/// A picture of who ran when on which core: a panel for each policy, all of one time scale, a colour for each category;
/// what was killed is black.
struct Gantt {
    private let trace: Trace
    private let cores: Int
    private let panels: [(name: PolicyName, attempts: [Rehearsal.Attempt])]

    private static let width = 1200.0
    private static let row = 4.0
    private static let head = 24.0

    init(_ trace: Trace, cores: Int, _ panels: [(name: PolicyName, attempts: [Rehearsal.Attempt])]) {
        self.trace = trace
        self.cores = cores
        self.panels = panels
    }

    /// The picture as SVG.
    var svg: String {
        let end = panels.flatMap { $0.attempts.map(\.ended) }.max() ?? 0
        let scale = end > 0 ? Self.width / end : 0
        let height = Self.head + Self.row * Double(cores)
        let hues = hues
        var lines = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.text(Self.width))" \
            height="\(Self.text(height * Double(panels.count)))" font-family="sans-serif" font-size="14">
            """
        ]
        for (index, panel) in panels.enumerated() {
            let top = height * Double(index) + Self.head
            let last = panel.attempts.map(\.ended).max() ?? 0
            let killed = panel.attempts.count { $0.isKilled }
            lines.append(
                """
                <text x="0" y="\(Self.text(top - 7))">\(panel.name): \(fixed(last / 3600, places: 1)) h, \
                \(killed) killed</text>
                """)
            for attempt in panel.attempts {
                let category = trace.jobs[attempt.program].category
                let colour = attempt.isKilled ? "#000" : "hsl(\(hues[category] ?? 0) 60% 60%)"
                lines.append(
                    """
                    <rect x="\(Self.text(attempt.started * scale))" y="\(Self.text(top + Self.row * Double(attempt.slot)))" \
                    width="\(Self.text((attempt.ended - attempt.started) * scale))" height="\(Self.text(Self.row - 1))" \
                    fill="\(colour)"><title>\(Self.escaped(category)), \(attempt.memory)</title></rect>
                    """)
            }
        }
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    /// As far apart on the circle of colours as can be told before knowing how many there are: by the golden angle.
    private var hues: [String: Int] {
        var hues: [String: Int] = [:]
        for job in trace.jobs where hues[job.category] == nil { hues[job.category] = hues.count * 137 % 360 }
        return hues
    }

    private static func text(_ value: Double) -> String { fixed(value, places: 2) }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
