import CGExec

/// Who ran when in which slot: a bar for each attempt, as high as its peak memory was, with the pattern of its outcome.
struct PlotTimeline {
    /// An attempt that ran. Times are in seconds from the beginning of the period.
    struct Bar {
        var record: Record
        var lane: Int
        var start: Double
        var end: Double
    }

    /// Attempts that ran with no long break between them.
    struct Period {
        var began: Timestamp
        var seconds: Double
        var bars: [Bar]
        var lanes: [String]
    }

    /// More marks than this nobody can tell apart, and a browser draws slowly.
    static let mostMarks = 3000
    private static let lane = 34.0

    /// The periods, the first first. A break of which nothing can be seen but emptiness divides them: a run is often
    /// taken up on another day.
    static func periods(of records: [Record]) -> [Period] {
        let ran = records.compactMap { record -> (record: Record, start: Double, end: Double)? in
            guard let started = record.times.started, let wall = PlotMeasure.wall.of(record), wall < 1e9 else {
                return nil
            }
            let start = Double(started.nanosecondsSinceEpoch) / 1e9
            return (record, start, start + wall)
        }.sorted { $0.start < $1.start }
        let busy = ran.reduce(0) { $0 + $1.end - $1.start }
        var periods: [[(record: Record, start: Double, end: Double)]] = []
        var end = -Double.infinity
        for attempt in ran {
            if attempt.start > end + max(60, busy / 2) { periods.append([]) }
            periods[periods.count - 1].append(attempt)
            end = max(end, attempt.end)
        }
        return periods.compactMap(period)
    }

    private static func period(_ ran: [(record: Record, start: Double, end: Double)]) -> Period? {
        guard let first = ran.first, let began = first.record.times.started else { return nil }
        let slots = Set(ran.compactMap(\.record.slot)).sorted()
        let known = Dictionary(slots.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
        var free: [Double] = []
        let bars = ran.map { attempt -> Bar in
            var lane = attempt.record.slot.flatMap { known[$0] }
            if lane == nil {
                // Without a slot: the first row below that is free.
                let place = free.firstIndex { $0 <= attempt.start } ?? free.count
                if place == free.count { free.append(0) }
                free[place] = attempt.end
                lane = slots.count + place
            }
            return Bar(
                record: attempt.record, lane: lane ?? 0, start: attempt.start - first.start,
                end: attempt.end - first.start)
        }
        let lanes = slots.map { "slot \($0)" } + free.map { _ in "no slot" }
        return Period(began: began, seconds: bars.map(\.end).max() ?? 0, bars: bars, lanes: lanes)
    }

    /// What lies so close together in a row that it is one mark.
    private struct Mark {
        var lane: Int
        var left: Double
        var right: Double
        var look: OutcomeLook
        var peak: Double?
        var verdict: Record.Validity.Verdict?
        var count = 1
        var failed: Int
        var record: Record
    }

    static func frame(_ period: Period, title: String) -> PlotFrame {
        let inner = min(560, max(60, Double(period.lanes.count) * lane))
        let every = max(1, Int((12 / (inner / Double(period.lanes.count))).rounded(.up)))
        let rows = period.lanes.enumerated().filter { $0.offset % every == 0 }.map { lane in
            (name: lane.element, middle: (Double(lane.offset) + 0.5) / Double(period.lanes.count))
        }
        var frame = PlotFrame(
            isWide: true, title: title,
            caption: """
                A bar for each attempt in the row of its slot, from start to end; the higher the bar, the more memory \
                it had at its peak. Time runs from \(period.began.forPeople).
                """,
            x: .time(to: period.seconds), xTitle: "Time", rows: rows, inner: inner)
        let marks = marks(period, frame)
        if marks.contains(where: { $0.count > 1 }) {
            frame.caption +=
                " Bars too narrow to be seen are joined with their neighbours; what was not ok has its share of height."
        }
        let most = marks.compactMap(\.peak).max() ?? 0
        let room = inner / Double(period.lanes.count)
        // What a bar's height is to be compared with, and what a line above a small one belongs to.
        let (left, right) = (frame.x(0), frame.x(period.seconds))
        for lane in period.lanes.indices {
            let top = PlotFrame.text(PlotFrame.top + room * Double(lane) + 1)
            frame.marks.append(
                """
                <rect class="track" x="\(PlotFrame.text(left))" y="\(top)" width="\(PlotFrame.text(right - left))" \
                height="\(PlotFrame.text(max(0.5, room - 2)))"/>
                """)
        }
        for mark in marks { frame.marks.append(drawn(mark, room: room, most: most)) }
        frame.legend = legend(marks)
        return frame
    }

    private static func marks(_ period: Period, _ frame: PlotFrame) -> [Mark] {
        // At most so many marks: the more rows, the wider is the least of them.
        let least = max(1.5, Double(period.lanes.count) * 1400 * 2 / Double(mostMarks))
        var marks: [Mark] = []
        var open: [Int: Mark] = [:]
        for bar in period.bars {
            let look = OutcomeLook(bar.record.outcome.kind)
            let mark = Mark(
                lane: bar.lane, left: frame.x(bar.start), right: frame.x(bar.end), look: look,
                peak: PlotMeasure.memory.of(bar.record), verdict: bar.record.validity?.verdict,
                failed: look == .ok ? 0 : 1, record: bar.record)
            guard let before = open[bar.lane] else {
                open[bar.lane] = mark
                continue
            }
            if max(mark.right, before.right) - before.left <= least {
                open[bar.lane] = joined(before, mark)
            } else {
                marks.append(before)
                open[bar.lane] = mark
            }
        }
        return marks + open.sorted { $0.key < $1.key }.map(\.value)
    }

    private static func joined(_ before: Mark, _ mark: Mark) -> Mark {
        var result = before
        result.right = max(before.right, mark.right)
        if mark.look > before.look { (result.look, result.record) = (mark.look, mark.record) }
        result.peak = [before.peak, mark.peak].compactMap(\.self).max()
        let verdicts = [before.verdict, mark.verdict]
        result.verdict = [.invalid, .perturbed].first { verdicts.contains($0) } ?? before.verdict
        result.count += 1
        result.failed += mark.failed
        return result
    }

    private static func drawn(_ mark: Mark, room: Double, most: Double) -> String {
        let whole = room - (room > 8 ? 2 : 0.4)
        // Where the peak is not known the bar is of full height, and has no fill.
        let share = mark.peak.map { most > 0 ? 0.25 + 0.75 * $0 / most : 1 }
        let height = whole * (share ?? 1)
        let bottom = PlotFrame.top + room * Double(mark.lane + 1)
        let width = max(0.8, mark.right - mark.left)
        var title = mark.record.tooltip(.wall, .cpu, .memory)
        if mark.count > 1 {
            title = "\(mark.count) attempts, \(mark.failed) of them not ok; such as \(title)"
        }
        let place = "x=\"\(PlotFrame.text(mark.left))\" width=\"\(PlotFrame.text(width))\""
        func rectangle(_ look: OutcomeLook, _ height: Double) -> String {
            """
            <rect class="bar \(look.name)\(share == nil ? " hollow" : "")" \(place) \
            y="\(PlotFrame.text(bottom - height))" height="\(PlotFrame.text(height))"/>
            """
        }
        var bar = rectangle(mark.failed < mark.count ? .ok : mark.look, height)
        if mark.failed > 0, mark.failed < mark.count {
            bar += rectangle(mark.look, max(1.5, height * Double(mark.failed) / Double(mark.count)))
        }
        var flag = ""
        if let verdict = mark.verdict, verdict != .clean {
            let at = PlotFrame.text(max(bottom - whole + 1.5, bottom - height - 2.5))
            flag = """
                <path class="flag \(verdict.rawValue)" d="M\(PlotFrame.text(mark.left)) \(at)h\
                \(PlotFrame.text(max(width, 3)))"/>
                """
        }
        return "<g>\(bar)\(flag)<title>\(HTMLText.escaped(title))</title></g>"
    }

    private static func legend(_ marks: [Mark]) -> [String] {
        let looks = Set(marks.map(\.look))
        let verdicts = Set(marks.compactMap(\.verdict))
        return OutcomeLook.allCases.filter(looks.contains).map { PlotFrame.key(area: $0.name, $0.words) }
            + [Record.Validity.Verdict.perturbed, .invalid].filter(verdicts.contains).map { verdict in
                """
                <svg class="key" viewBox="0 0 34 16" aria-hidden="true">\
                <path class="flag \(verdict.rawValue)" d="M1 8h32"/></svg>\
                \(verdict.rawValue) figures (line above the bar)
                """
            }
    }
}

extension Timestamp {
    /// Such as `2026-01-31 12:00:00 UTC`.
    var forPeople: String { description.prefix(19).replacing("T", with: " ") + " UTC" }
}
