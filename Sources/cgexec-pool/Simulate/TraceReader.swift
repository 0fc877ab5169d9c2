import CGExec

/// Reads a trace: comma-separated values with a line of names first. Other columns are passed over.
struct TraceReader {
    private enum Column: String, CaseIterable {
        case start = "start_ms"
        case category
        case size = "size_bytes"
        case peak = "peak_bytes"
        case seconds = "runtime_s"
        case declared = "declared_bytes"
    }

    private var csv: CSVReader
    private var columns: [Column: Int] = [:]
    private var problems: [Problem] = []
    /// The memory of the machine: a job that needs more could never run.
    private let memory: ByteSize

    /// - Throws: everything that is wrong with the text.
    static func read(_ text: String, name: String, memory: ByteSize) throws(Problems) -> Trace {
        var reader = TraceReader(csv: CSVReader(text), memory: memory)
        let jobs = reader.jobs()
        let problems = reader.problems + reader.csv.problems
        if !problems.isEmpty { throw Problems(file: name, problems) }
        // `sort` does not promise to keep the order of equals.
        let sorted = jobs.enumerated().sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }
        return Trace(file: name, jobs: sorted.map(\.element))
    }

    private init(csv: CSVReader, memory: ByteSize) {
        self.csv = csv
        self.memory = memory
    }

    private mutating func jobs() -> [TraceJob] {
        guard let head = csv.line() else {
            problems.append(Problem(.start, "the file is empty; its first line must be \(Self.names)"))
            return []
        }
        readHead(head)
        guard columns.count == Column.allCases.count else { return [] }
        var jobs: [TraceJob] = []
        while let line = csv.line() {
            if let job = job(line, of: head.count) { jobs.append(job) }
        }
        if jobs.isEmpty, problems.isEmpty { problems.append(Problem(.start, "there are no jobs")) }
        return jobs
    }

    private static let names = Column.allCases.map(\.rawValue).joined(separator: ",")

    private mutating func readHead(_ head: [Located<String>]) {
        for (index, field) in head.enumerated() {
            guard let column = Column(rawValue: field.value.trimmingBlanks) else { continue }
            if columns.updateValue(index, forKey: column) != nil {
                problems.append(Problem(field.place, "the column \(column.rawValue) is there twice"))
            }
        }
        let missing = Column.allCases.filter { columns[$0] == nil }.map(\.rawValue)
        guard !missing.isEmpty else { return }
        let names = missing.joined(separator: ", ")
        problems.append(
            Problem(.start, "\(missing.count == 1 ? "the column \(names) is" : "the columns \(names) are") missing"))
    }

    private mutating func job(_ fields: [Located<String>], of count: Int) -> TraceJob? {
        guard fields.count == count else {
            let place = fields.count > count ? fields[count].place : fields[0].place
            let found = fields.count == 1 ? "1 field" : "\(fields.count) fields"
            problems.append(Problem(place, "\(found) where the first line has \(count)"))
            return nil
        }
        let start = number(.start, fields, "a number", 0...)
        let size = number(.size, fields, "a number, 0 where it is unknown", 0..., blank: 0)
        let peak = number(.peak, fields, "a number of bytes", 0...)
        let seconds = number(.seconds, fields, "a number of seconds", 0...)
        let declared = number(.declared, fields, "a number of bytes, 1 or more", 1...)
        guard let start, let size, let peak, let seconds, let declared else { return nil }
        if peak > Double(memory.bytes), let index = columns[.peak] {
            let message = "it needs more than the \(memory) of the machine; give more with --memory"
            problems.append(Problem(fields[index].place, message))
        }
        let category = columns[.category].map { fields[$0].value } ?? ""
        return TraceJob(
            start: start, category: category, size: size, peak: peak, seconds: seconds, declared: declared)
    }

    private mutating func number(
        _ column: Column, _ fields: [Located<String>], _ expected: String, _ range: PartialRangeFrom<Double>,
        blank: Double? = nil
    ) -> Double? {
        guard let index = columns[column] else { return nil }
        let text = fields[index].value.trimmingBlanks
        if text.isEmpty, let blank { return blank }
        if let number = Double(text), number.isFinite, range.contains(number), number < 0x1p63 { return number }
        let found = text.isEmpty ? "nothing" : "'\(excerpt(text))'"
        problems.append(Problem(fields[index].place, "\(column.rawValue): \(found) is not \(expected)"))
        return nil
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
