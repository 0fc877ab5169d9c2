import CGExec

/// What of a record is looked at over many runs.
enum Figure: String, Sendable, CaseIterable {
    case wallSeconds, cpuSeconds, memoryPeakBytes

    /// - Throws: `ValueError` for anything but one of their names.
    init(parsing text: String) throws(ValueError) {
        guard let figure = Figure(rawValue: text) else {
            throw ValueError(text, expected: Figure.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self = figure
    }

    /// Nil where the record does not have it.
    func value(of record: Record) -> Double? {
        switch self {
        case .wallSeconds: record.wallSeconds
        case .cpuSeconds: record.usage?.cpuSeconds
        case .memoryPeakBytes: record.usage?.memoryPeakBytes.map { Double($0) }
        }
    }
}
