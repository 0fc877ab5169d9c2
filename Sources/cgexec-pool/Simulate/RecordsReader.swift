import CGExec

/// Reads the records of a run, one a line, as jobs that ran once: the attempts that succeeded and told what they needed.
/// What the others would have needed nobody knows.
struct RecordsReader {
    private let file: String
    private let replay: Replay
    private var problems: [Problem] = []
    private var leftOut = 0

    /// Whether a text is meant to be records and not a trace.
    static func isMeant(by text: String) -> Bool {
        guard text.utf8.first(where: { !$0.isBlank }) == UInt8(ascii: "{") else { return false }
        let line = text.drop { $0.isWhitespace }.prefix { !$0.isNewline }
        guard let first = JSONReader.readLines(String(line)).values.first, case .mapping(let entries) = first.content
        else { return true }
        // What is neither is told as records are.
        return !entries.contains { ["command", "jobs", "defaults", "pool"].contains($0.key) }
    }

    /// - Throws: everything that is wrong with the text.
    static func read(_ text: String, name: String, replay: Replay) throws(Problems) -> Trace {
        let lines = JSONReader.readLines(text)
        var reader = RecordsReader(file: name, replay: replay)
        var jobs = lines.values.compactMap { reader.job($0) }
        reader.problems += lines.problems
        if jobs.isEmpty, reader.problems.isEmpty {
            let message = "of no attempt that succeeded it is known how much memory it needed and how long it took"
            reader.problems.append(Problem(.start, message))
        }
        if !reader.problems.isEmpty { throw Problems(file: name, reader.problems) }
        // All in one form, so that their order is that of time; `sort` does not promise to keep the order of equals.
        let order = jobs.indices.sorted { (jobs[$0].started, $0) < (jobs[$1].started, $1) }
        for (place, index) in order.enumerated() { jobs[index].job.start = Double(place) }
        return Trace(file: name, jobs: order.map { jobs[$0].job }, leftOut: reader.leftOut)
    }

    private init(file: String, replay: Replay) {
        self.file = file
        self.replay = replay
    }

    private mutating func job(_ record: SourceNode) -> (started: String, job: TraceJob)? {
        guard case .mapping = record.content else {
            problems.append(Problem(record.position, "a record is an object, not \(record.kind)"))
            return nil
        }
        guard let kind = text("outcome.kind", of: record) else {
            problems.append(Problem(record.position, "no record: the key outcome.kind is missing"))
            return nil
        }
        let before = problems.count
        let seconds = number("wallSeconds", of: record)
        let size = number("size", of: record)
        let needed = number("usage.needPeakBytes", of: record)
        let held = number("usage.memoryPeakBytes", of: record)
        let declared = amount("limits.need", of: record) ?? amount("limits.memory", of: record)
        let category = text("category", of: record)
        let started = text("times.started", of: record)
        let name = text("name", of: record)
        guard problems.count == before else { return nil }
        guard kind == "ok", let seconds, let peak = needed ?? held else {
            leftOut += 1
            return nil
        }
        if peak > Double(replay.memory.bytes) {
            let key = needed == nil ? "usage.memoryPeakBytes" : "usage.needPeakBytes"
            let message = "it needs more than the \(replay.memory) of the machine; give more with --memory"
            problems.append(Problem(Place(position: record.position, path: key), message))
        }
        // Jobs without a category learn from nobody: each has one of its own, named for where it stands.
        let own = "\(file):\(record.position.line)"
        return (
            started ?? "",
            TraceJob(
                start: 0, category: category ?? own, isAlone: category == nil, size: size ?? 0, peak: peak,
                seconds: seconds,
                declared: Double((declared ?? replay.share).bytes), name: name)
        )
    }

    // MARK: Values

    /// What stands under keys; nil where nothing does.
    private func node(_ path: String, of record: SourceNode) -> SourceNode? {
        var node = record
        for key in path.split(separator: ".") {
            guard case .mapping(let entries) = node.content, let entry = entries.first(where: { $0.key == key }) else {
                return nil
            }
            node = entry.value
        }
        return node.isNull ? nil : node
    }

    private mutating func text(_ path: String, of record: SourceNode) -> String? {
        guard let node = node(path, of: record) else { return nil }
        if case .text(let text) = node.content { return text }
        problems.append(
            Problem(Place(position: node.position, path: path), "a single value is expected, not \(node.kind)"))
        return nil
    }

    private mutating func number(_ path: String, of record: SourceNode) -> Double? {
        guard let node = node(path, of: record), let text = text(path, of: record) else { return nil }
        if let number = Double(text), number.isFinite, number >= 0, number < 0x1p63 { return number }
        let place = Place(position: node.position, path: path)
        problems.append(Problem(place, "'\(excerpt(text))' is not a number from 0 on"))
        return nil
    }

    private mutating func amount(_ path: String, of record: SourceNode) -> ByteSize? {
        guard let node = node(path, of: record), let text = text(path, of: record) else { return nil }
        if let size = try? MemoryAmount(parsing: text).resolved(of: replay.memory), size.bytes > 0 { return size }
        let place = Place(position: node.position, path: path)
        problems.append(Problem(place, "'\(excerpt(text))' is not a number of bytes, 1 or more, or a percentage"))
        return nil
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
