import CGExec

/// How much memory the attempts of a period had together: by their samples where they have some, else by their peaks,
/// which is more than they had at any time.
struct PlotMemoryOverTime {
    private let period: PlotTimeline.Period
    private let sampled: Int
    private let known: Int
    /// What was had from each of these times on.
    private let steps: [(at: Double, bytes: Double)]

    init(_ period: PlotTimeline.Period) {
        self.period = period
        var changes: [(at: Double, bytes: Double)] = []
        var (sampled, known) = (0, 0)
        for bar in period.bars {
            if let samples = bar.record.samples, let bytes = samples.memoryBytes, !bytes.isEmpty {
                known += 1
                sampled += 1
                var before = 0.0
                for (seconds, value) in zip(samples.seconds, bytes.map { Double($0) }) where seconds.magnitude < 1e9 {
                    changes.append((min(bar.end, bar.start + (before == 0 ? 0 : seconds)), value - before))
                    before = value
                }
                changes.append((bar.end, -before))
            } else if let peak = PlotMeasure.memory.of(bar.record) {
                known += 1
                changes += [(bar.start, peak), (bar.end, -peak)]
            }
        }
        // What ends goes before what begins at the same time in its place.
        changes.sort { ($0.at, $0.bytes) < ($1.at, $1.bytes) }
        var total = 0.0
        steps = changes.map { change in
            total += change.bytes
            return (change.at, max(0, total))
        }
        (self.sampled, self.known) = (sampled, known)
    }

    /// Nil where no attempt's memory is known.
    func frame(title: String) -> PlotFrame? {
        guard known > 0, let most = steps.map(\.bytes).max() else { return nil }
        let how =
            switch sampled {
            case 0: "The sum of the peaks of the attempts that ran: never less than what they had."
            case known: "The sum of what the attempts that ran had, by their samples."
            default:
                "The sum of the samples of what ran, and of the peaks of \(known - sampled) attempts without samples."
            }
        let missing = period.bars.count - known
        var frame = PlotFrame(
            isWide: true, title: title,
            caption: how + (missing > 0 ? " Of \(missing) attempts it is not known, and they are left out." : ""),
            x: .time(to: period.seconds), xTitle: "Time",
            y: .linear(to: most, .bytes, ticks: 4), yTitle: "Memory", inner: 130)
        var path = "M\(PlotFrame.text(frame.x(0))) \(PlotFrame.text(frame.y(0)))"
        for (x, bytes) in binned(frame) {
            path += "H\(PlotFrame.text(x))V\(PlotFrame.text(frame.y(bytes)))"
        }
        path += "H\(PlotFrame.text(frame.x(period.seconds)))V\(PlotFrame.text(frame.y(0)))Z"
        frame.marks = [
            "<path class=\"area\" d=\"\(path)\"><title>At most \(PlotQuantity.bytes.text(most))</title></path>"
        ]
        return frame
    }

    /// The highest step of each pixel, and how it leaves that pixel.
    private func binned(_ frame: PlotFrame) -> [(x: Double, bytes: Double)] {
        var points: [(x: Double, bytes: Double)] = []
        var index = steps.startIndex
        while index < steps.endIndex {
            let x = frame.x(steps[index].at)
            var highest = steps[index].bytes
            while index + 1 < steps.endIndex, frame.x(steps[index + 1].at) < x + 0.5 {
                index += 1
                highest = max(highest, steps[index].bytes)
            }
            points.append((x, highest))
            if steps[index].bytes < highest { points.append((x + 0.5, steps[index].bytes)) }
            index += 1
        }
        return points
    }
}
