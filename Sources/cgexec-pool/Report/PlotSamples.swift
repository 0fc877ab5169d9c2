import CGExec

/// What attempts used while they ran, where samples were taken: memory, and CPU time a second.
struct PlotSamples {
    /// Those of the longest attempts: more lines nobody can tell apart.
    private let shown: [Record]
    private let count: Int
    private static let mostPoints = 300

    init(_ records: [Record]) {
        let sampled = records.filter { ($0.samples?.seconds.count ?? 0) > 1 }
        count = sampled.count
        shown = Array(sampled.sorted { ($0.wallSeconds ?? 0) > ($1.wallSeconds ?? 0) }.prefix(PlotFrame.looks))
    }

    var frames: [PlotFrame] {
        let memory = shown.map { record in
            points(record, record.samples?.memoryBytes?.map { Double($0) })
        }
        let cpu = shown.map { record in points(record, record.samples.flatMap(Self.cpus)) }
        return [
            frame("Memory while they ran", "Memory", .bytes, memory, "What each attempt had at that time."),
            frame("CPUs while they ran", "CPUs in use", .cpus, cpu, "CPU time by wall time between two samples."),
        ].compactMap(\.self)
    }

    /// CPUs in use since the sample before.
    private static func cpus(_ samples: Record.Samples) -> [Double?]? {
        guard let seconds = samples.cpuSeconds, seconds.count == samples.seconds.count else { return nil }
        return seconds.indices.map { index in
            let (then, before) = index > 0 ? (samples.seconds[index - 1], seconds[index - 1]) : (0, 0)
            let time = samples.seconds[index] - then
            return time > 0 ? max(0, (seconds[index] - before) / time) : nil
        }
    }

    private func points(_ record: Record, _ values: [Double?]?) -> [(x: Double, y: Double)] {
        guard let times = record.samples?.seconds, let values, values.count == times.count else { return [] }
        let all = zip(times, values).compactMap { time, value -> (x: Double, y: Double)? in
            guard let value, (0..<1e9).contains(time), (0..<1e18).contains(value) else { return nil }
            return (time, value)
        }
        let each = max(1, (all.count + Self.mostPoints - 1) / Self.mostPoints)
        // Of several the highest: a peak is what one looks for.
        return stride(from: 0, to: all.count, by: each).compactMap { start in
            all[start..<min(start + each, all.count)].max { $0.y < $1.y }
        }
    }

    private func frame(
        _ title: String, _ yTitle: String, _ quantity: PlotQuantity, _ series: [[(x: Double, y: Double)]],
        _ caption: String
    ) -> PlotFrame? {
        let all = series.flatMap(\.self)
        guard !all.isEmpty else { return nil }
        let rest = count > shown.count ? " Shown are the \(shown.count) longest of \(count) attempts with samples." : ""
        var frame = PlotFrame(
            title: title, caption: caption + rest, x: .time(to: all.map(\.x).max() ?? 1),
            xTitle: "Time since its start", y: .linear(to: all.map(\.y).max() ?? 1, quantity, ticks: 5),
            yTitle: yTitle, inner: 200)
        for (look, points) in series.enumerated() where !points.isEmpty {
            let name = shown[look].tooltip(.wall, .memory)
            frame.marks.append(PlotFrame.line(points.map { (frame.x($0.x), frame.y($0.y)) }, look: look))
            // A sign now and then: lines are told apart by it, too.
            for point in stride(from: points.count / 16, to: points.count, by: max(1, points.count / 8)) {
                let (x, y) = (frame.x(points[point].x), frame.y(points[point].y))
                frame.marks.append(
                    PlotFrame.mark(look, x: x, y: y, title: "\(name); \(quantity.text(points[point].y))"))
            }
            frame.legend.append(
                PlotFrame.key(look, PlotFrame.shortened(shown[look].titleForPeople, to: 60), line: true))
        }
        return frame
    }
}

extension Record {
    /// The name, and which of several attempts and repetitions it was.
    var titleForPeople: String {
        let parts = [attempt > 1 ? "attempt \(attempt)" : nil, `repeat`.map { "repeat \($0)" }].compactMap(\.self)
        return parts.isEmpty ? name : "\(name), \(parts.joined(separator: ", "))"
    }
}
