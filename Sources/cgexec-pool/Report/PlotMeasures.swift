import CGExec

/// A figure of a record that plots compare.
struct PlotMeasure {
    var title: String
    /// The same within a sentence.
    var name: String
    var quantity: PlotQuantity
    private let read: @Sendable (Record) -> Double?

    static let wall = PlotMeasure("Wall time", "wall time", .seconds) { $0.wallSeconds }
    static let cpu = PlotMeasure("CPU time", "CPU time", .seconds) { $0.usage?.cpuSeconds }
    static let memory = PlotMeasure("Peak memory", "peak memory", .bytes) {
        $0.usage?.memoryPeakBytes.map { Double($0) }
    }

    private init(
        _ title: String, _ name: String, _ quantity: PlotQuantity, read: @escaping @Sendable (Record) -> Double?
    ) {
        self.title = title
        self.name = name
        self.quantity = quantity
        self.read = read
    }

    /// The figure; nil where it is not known, or is none that a clock or a counter can have.
    func of(_ record: Record) -> Double? { read(record).flatMap { $0 >= 0 && $0 < 1e18 ? $0 : nil } }

    /// The median over several records of one job; nil where none has the figure.
    func median(of records: [Record]) -> Double? {
        let values = records.compactMap(of).sorted()
        return values.isEmpty ? nil : PlotMeasure.quantile(values, 0.5)
    }

    /// A quantile of sorted values, at least one, interpolated between the two beside it (Hyndman and Fan 1996, type
    /// 7).
    static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        let place = share * Double(sorted.count - 1)
        let below = Int(place)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
}

extension Record {
    /// Whether something disturbed it, or it did not run as it should have.
    var isDisturbed: Bool { validity.map { $0.verdict != .clean } ?? false }

    /// The values of the sweep's variables on one line.
    var paramsForPeople: String? {
        params.flatMap { params in
            params.isEmpty
                ? nil : params.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
        }
    }

    /// What a tooltip says: the name, and after it how it went.
    func tooltip(_ measures: PlotMeasure...) -> String {
        var parts = [outcome.forPeople]
        for measure in measures {
            if let value = measure.of(self) { parts.append("\(measure.name) \(measure.quantity.text(value))") }
        }
        if let validity, validity.verdict != .clean {
            parts.append("\(validity.verdict.rawValue): \(validity.reasons.joined(separator: "; "))")
        }
        // A reason may be long, and there are many marks.
        return PlotFrame.shortened("\(PlotFrame.shortened(name, to: 80)): \(parts.joined(separator: ", "))", to: 240)
    }
}
