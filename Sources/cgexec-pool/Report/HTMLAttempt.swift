import CGExec

/// An attempt as a row of the page's table.
struct HTMLAttempt {
    /// What a column holds, and so how it is sorted and shown. The script has the same words.
    enum Kind: String {
        case text, number, seconds, mebibytes, badge
    }

    struct Column {
        var title: String
        var kind: Kind
    }

    /// A cell; absent where nothing is known.
    enum Cell {
        case text(String, below: String? = nil)
        case number(Double)
        /// A word with a sign, whose look has a name of the style sheet, and what is to be said of it.
        case badge(String, look: String, below: String? = nil)
        /// An attempt that was the first and nothing else.
        case only

        /// Whether it needs no column where all are like it.
        var isUsual: Bool { if case .only = self { true } else { false } }
    }

    static let columns: [Column] = [
        Column(title: "Job", kind: .text), Column(title: "Group", kind: .text), Column(title: "Size", kind: .number),
        Column(title: "Parameters", kind: .text), Column(title: "Attempt", kind: .text),
        Column(title: "Outcome", kind: .badge), Column(title: "Validity", kind: .badge),
        Column(title: "Wall s", kind: .seconds),
        Column(title: "CPU s", kind: .seconds), Column(title: "Peak MiB", kind: .mebibytes),
        Column(title: "Need MiB", kind: .mebibytes), Column(title: "Limit MiB", kind: .mebibytes),
        Column(title: "Slot", kind: .text),
    ]

    let record: Record
    let isLast: Bool
    /// In the order of the columns.
    let cells: [Cell?]
    /// What is shown when the row is opened: a heading and a text each.
    let details: [(title: String, text: String)]
    /// Files that it wrote: a title, a path and an address each.
    let links: [(title: String, path: String, address: String)]

    /// - Parameter mostText: how much of each captured stream is shown, from its end.
    init(_ attempt: ReportData.Attempt, _ addresses: HTMLLinks, mostText: Int) {
        let record = attempt.record
        self.record = record
        isLast = attempt.isLast
        cells = [
            .text(record.name, below: record.description), Self.group(record), record.size.map(Cell.number),
            record.paramsForPeople.map { .text($0) }, Self.attempt(record),
            .badge(
                record.outcome.forPeople, look: OutcomeLook(record.outcome.kind).name, below: record.explanation),
            Self.validity(record), PlotMeasure.wall.of(record).map(Cell.number),
            PlotMeasure.cpu.of(record).map(Cell.number),
            record.usage?.memoryPeakBytes.map { .number(Double($0) / 0x1p20) },
            record.usage?.needPeakBytes.map { .number(Double($0) / 0x1p20) },
            Self.limit(record).map { .number($0 / 0x1p20) }, Self.place(record),
        ]
        details = Self.details(record, mostText)
        links = [("stdout", record.output?.stdout?.path), ("stderr", record.output?.stderr?.path)].compactMap {
            title, path in
            path.map { (title, $0, addresses.address(of: $0, cwd: record.cwd)) }
        }
    }

    // MARK: Cells

    private static func group(_ record: Record) -> Cell? {
        let parts = [record.category, record.task].compactMap(\.self)
        return parts.first.map { .text($0, below: parts.count > 1 ? parts[1] : nil) }
    }

    private static func attempt(_ record: Record) -> Cell? {
        var parts: [String] = []
        if let number = record.repeat { parts.append(record.warmup == true ? "warm-up \(number)" : "repeat \(number)") }
        if record.warmup == true, parts.isEmpty { parts.append("warm-up") }
        if record.fallback == true { parts.append("fallback") }
        if let phase = record.phase { parts.append("taken back \(phase == 1 ? "once" : "\(phase) times") before") }
        let below = parts.isEmpty ? nil : parts.joined(separator: ", ")
        // No attempt was made.
        if record.attempt == 0 { return below.map { .text($0) } }
        return record.attempt == 1 && below == nil ? .only : .text("\(record.attempt)", below: below)
    }

    /// In bytes: as in force, where only a share was asked for. One that nothing enforced was no limit.
    private static func limit(_ record: Record) -> Double? {
        guard record.enforcement["memory"] != Enforcement.none else { return nil }
        return switch record.limits.memory {
        case .size(let size): Double(size.bytes)
        case .fraction: record.effective?["memory.max"].flatMap { UInt64($0) }.map { Double($0) }
        case nil: nil
        }
    }

    private static func place(_ record: Record) -> Cell? {
        let cpus = record.placement?.cpus.flatMap { $0.isEmpty ? nil : "CPUs \($0)" }
        let below = [cpus, record.placement?.piece].compactMap(\.self).joined(separator: ", ")
        guard let slot = record.slot else { return below.isEmpty ? nil : .text(below) }
        return .text("\(slot)", below: below.isEmpty ? nil : below)
    }

    private static func validity(_ record: Record) -> Cell? {
        guard let validity = record.validity else { return nil }
        let words = validity.reasons + (validity.notes ?? []).map { "note: \($0)" }
        let verdict = validity.verdict.rawValue
        return .badge(verdict, look: verdict, below: words.isEmpty ? nil : words.joined(separator: "; "))
    }

    // MARK: What is below

    private static func details(_ record: Record, _ mostText: Int) -> [(title: String, text: String)] {
        var details: [(title: String, text: String)] = [("command", shortened(ShellText.line(record.argv)))]
        func add(_ title: String, _ text: String?) {
            if let text, !text.isEmpty { details.append((title, shortened(text))) }
        }
        add("working directory", record.cwd)
        add("host", record.host)
        add("started", record.times.started?.forPeople)
        add("notes", record.notes?.joined(separator: "\n"))
        let loose = record.enforcement.filter { $0.value == Enforcement.none }.keys.sorted()
        add("limits that nothing enforced", loose.joined(separator: ", "))
        add("limits reached", record.limitsHit?.joined(separator: ", "))
        add(
            "neighbours",
            record.neighbours.map { list in
                list.map { "job \($0.id) (\($0.shared.rawValue))" }.joined(separator: ", ")
            })
        for (title, stream) in [("stdout", record.output?.stdout), ("stderr", record.output?.stderr)] {
            guard let text = stream?.text, !text.isEmpty else { continue }
            let isWhole = text.utf8.count <= mostText
            // By bytes, since one character can be as long as somebody likes; one that is cut is left out.
            let tail = String(decoding: text.utf8.suffix(mostText), as: UTF8.self).drop { $0 == "\u{FFFD}" }
            let end = isWhole ? text : "…" + tail
            details.append((isWhole ? title : "\(title), its end", end))
        }
        return details
    }

    private static func shortened(_ text: String) -> String { PlotFrame.shortened(text, to: 2000) }
}
