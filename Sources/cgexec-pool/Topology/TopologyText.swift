import CGExec

/// The machine and its slots, for people.
enum TopologyText {
    static func text(
        _ topology: Topology, _ choices: [SlotChoice], isChosen: Bool, _ claims: [Claim]
    ) -> String {
        var lines = [summary(topology)]
        let tree = TopologyTree(topology)
        for root in tree.roots { add(root, depth: 0, allowed: topology.allowed, &lines) }
        for memory in tree.memoryOnly {
            let size = memory.bytes.map { ", \($0)" } ?? ""
            lines.append("node \(memory.number ?? 0)\(size): memory without CPUs of its own; jobs get it with --mems")
        }
        for kind in topology.kinds { lines.append("CPUs \(kind.cpus): cores of efficiency \(kind.efficiency)") }
        lines.append("")
        if isChosen {
            for choice in choices { add(choice, &lines) }
        } else {
            lines += table(choices)
        }
        if !claims.isEmpty { lines.append("") }
        lines += claims.map { "\($0)".harmless }
        return lines.joined(separator: "\n")
    }

    private static func summary(_ topology: Topology) -> String {
        let counts: [(Topology.Level, String, String)] = [
            (.package, "package", "packages"), (.numa, "memory node", "memory nodes"), (.core, "core", "cores"),
            (.thread, "hardware thread", "hardware threads"),
        ]
        let words = counts.compactMap { level, one, many in
            let count = topology[level].count
            return count == 0 ? nil : "\(count) \(count == 1 ? one : many)"
        }
        return words.joined(separator: ", ") + "; jobs may use CPUs \(topology.allowed)"
    }

    private static func add(
        _ node: TopologyTree.Node, depth: Int, allowed: CPUSet, _ lines: inout [String]
    ) {
        var words = [node.title]
        var node = node
        // What holds exactly one other piece is told on one line with it.
        while true {
            if let bytes = node.piece.bytes { words[words.count - 1] += " (\(bytes))" }
            guard node.children.count == 1, let child = node.children.first, child.level != .thread,
                child.piece.cpus == node.piece.cpus
            else { break }
            node = child
            words.append(node.title)
        }
        var line = String(repeating: "  ", count: depth) + words.joined(separator: ", ")
        if node.level == .core || node.level == .thread {
            let forbidden = node.piece.cpus.subtracting(allowed)
            line += node.level == .core ? ": CPUs \(node.piece.cpus)" : ""
            if !forbidden.isEmpty { line += forbidden == node.piece.cpus ? " (not ours)" : " (\(forbidden) not ours)" }
        }
        lines.append(line)
        guard node.level != .core else { return }
        for child in node.children { add(child, depth: depth + 1, allowed: allowed, &lines) }
    }

    private static func table(_ choices: [SlotChoice]) -> [String] {
        let rows = choices.map { choice in
            let slots = choice.layout.slots
            let sizes = slots.map { $0.cpus?.count ?? 0 }
            let least = sizes.min() ?? 0
            let most = sizes.max() ?? 0
            let shown = slots.prefix(6).map { $0.cpus?.description ?? "" }.joined(separator: "  ")
            return [
                "\(choice.mask)", "\(slots.count)", least == most ? "\(least)" : "\(least) to \(most)",
                shown + (slots.count > 6 ? "  …" : ""),
            ]
        }
        return Table(
            head: ["--affinity", "slots", "CPUs each", "in this order"], rows: rows, rightAligned: [1, 2]
        ).lines
            + choices.flatMap { choice in choice.layout.notes.map { "--affinity \(choice.mask): \($0)" } }
    }

    private static func add(_ choice: SlotChoice, _ lines: inout [String]) {
        let rows = choice.layout.slots.enumerated().map { index, slot in
            [
                "\(index)", slot.cpus?.description ?? "", "\(slot.idle)", slot.mems?.description ?? "", slot.name ?? "",
            ]
        }
        lines += Table(head: ["slot", "CPUs", "idle", "memory nodes", "piece"], rows: rows, rightAligned: [0]).lines
        if !choice.layout.reserved.isEmpty { lines.append("reserved for the system: CPUs \(choice.layout.reserved)") }
        lines += choice.layout.notes
    }
}
