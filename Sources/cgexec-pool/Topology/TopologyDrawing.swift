import CGExec

/// A picture of the machine: boxes in boxes, each hardware thread in the colour of its slot. Readable without script, in
/// light and dark.
struct TopologyDrawing {
    private let topology: Topology
    /// Which slot has a CPU, and whether it idles there.
    private var owners: [Int: (slot: Int, isIdle: Bool)] = [:]
    private let title: String

    private static let thread = (width: 34.0, height: 26.0)
    private static let gap = 6.0
    private static let label = 16.0

    init(_ topology: Topology, _ choice: SlotChoice?) {
        self.topology = topology
        title =
            choice.map { "\($0.layout.slots.count) slots of --affinity \($0.mask)" }
            ?? "no slots: this machine has no pieces"
        for (index, slot) in (choice?.layout.slots ?? []).enumerated() {
            for cpu in slot.cpus?.members ?? [] { owners[cpu] = (index, false) }
            for cpu in slot.idle.members { owners[cpu] = (index, true) }
        }
    }

    /// The picture as SVG.
    var svg: String {
        let roots = TopologyTree(topology).roots.map(box)
        let (places, width, height) = Self.arrange(roots, columns: 2)
        var lines = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.text(width + 2 * Self.gap))" \
            height="\(Self.text(height + 30 + Self.gap))" font-family="sans-serif" font-size="11" role="img">
            <title>\(title)</title>
            <style>
            svg { background: #fff; } text { fill: #222; } rect { stroke: #8888; fill: #8881; }
            .none { fill: #8884; } .idle { fill-opacity: 0.35; }
            @media (prefers-color-scheme: dark) { svg { background: #181818; } text { fill: #eee; } .on { fill: #111; } }
            </style>
            <text x="\(Self.text(Self.gap))" y="20" font-size="14">\(title)</text>
            """
        ]
        for (root, place) in zip(roots, places) { draw(root, x: place.x + Self.gap, y: place.y + 30, &lines) }
        lines.append("</svg>")
        return lines.joined(separator: "\n")
    }

    // MARK: Layout

    private struct Box {
        var node: TopologyTree.Node
        var width: Double
        var height: Double
        var inside: [(box: Box, x: Double, y: Double)] = []
    }

    private func box(_ node: TopologyTree.Node) -> Box {
        if node.level == .thread { return Box(node: node, width: Self.thread.width, height: Self.thread.height) }
        let children = node.children.map(box)
        // Threads of a core lie side by side; everything else in a block that is about as wide as high.
        let isFlat = node.level == .core || node.level == .l2
        let columns = isFlat ? children.count : Int(Double(children.count).squareRoot().rounded(.up))
        let (places, width, height) = Self.arrange(children, columns: max(1, columns))
        let titleWidth = Double(node.title.count) * 7 + 2 * Self.gap
        return Box(
            node: node, width: max(width + 2 * Self.gap, titleWidth), height: height + Self.label + 2 * Self.gap,
            inside: zip(children, places).map { ($0, $1.x + Self.gap, $1.y + Self.label + Self.gap) })
    }

    /// Row by row; with the size of the whole.
    private static func arrange(
        _ boxes: [Box], columns: Int
    ) -> (places: [(x: Double, y: Double)], width: Double, height: Double) {
        var places: [(x: Double, y: Double)] = []
        var (x, y, row, width) = (0.0, 0.0, 0.0, 0.0)
        for (index, box) in boxes.enumerated() {
            if index > 0, index % columns == 0 { (x, y, row) = (0, y + row + gap, 0) }
            places.append((x, y))
            x += box.width + gap
            row = max(row, box.height)
            width = max(width, x - gap)
        }
        return (places, width, y + row)
    }

    // MARK: Drawing

    private func draw(_ box: Box, x: Double, y: Double, _ lines: inout [String]) {
        let place = "x=\"\(Self.text(x))\" y=\"\(Self.text(y))\""
        let size = "width=\"\(Self.text(box.width))\" height=\"\(Self.text(box.height))\" rx=\"3\""
        guard box.node.level == .thread else {
            lines.append("<rect \(place) \(size)/>")
            let bytes = box.node.piece.bytes.map { " (\($0))" } ?? ""
            lines.append(
                "<text x=\"\(Self.text(x + Self.gap))\" y=\"\(Self.text(y + Self.label - 2))\">\(box.node.title)"
                    + "<title>\(box.node.title)\(bytes), CPUs \(box.node.piece.cpus)</title></text>")
            for child in box.inside { draw(child.box, x: x + child.x, y: y + child.y, &lines) }
            return
        }
        let cpu = box.node.piece.cpus.first ?? 0
        let owner = owners[cpu]
        let use =
            owner.map { $0.isIdle ? "idle, with slot \($0.slot)" : "slot \($0.slot)" }
            ?? (topology.allowed.contains(cpu) ? "in no slot" : "not ours")
        // Hues at the golden angle, so that neighbours differ however many slots there are.
        let style = owner.map { " style=\"fill: hsl(\($0.slot * 137 % 360) 65% 70%)\"" } ?? ""
        let kind = owner.map { $0.isIdle ? "idle" : "slot" } ?? "none"
        lines.append("<g><title>CPU \(cpu): \(use)</title><rect class=\"\(kind)\" \(place) \(size)\(style)/>")
        let middle = "x=\"\(Self.text(x + box.width / 2))\" y=\"\(Self.text(y + box.height / 2 + 4))\""
        lines.append("<text \(middle) text-anchor=\"middle\"\(owner == nil ? "" : " class=\"on\"")>\(cpu)</text></g>")
    }

    /// A number as short as a picture needs it.
    private static func text(_ number: Double) -> String { "\(Int(number.rounded()))" }
}
