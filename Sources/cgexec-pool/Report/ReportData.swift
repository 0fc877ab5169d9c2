import CGExec

/// What a journal, or a file of records, tells of a run.
struct ReportData: Sendable {
    /// An attempt that is over.
    struct Attempt: Sendable {
        var record: Record
        /// Whether no other attempt at the job follows: its record is the job's result.
        var isLast: Bool
    }

    /// The name of the file.
    var source: String
    /// The machines that it ran on, in the order of the runs; those that are alike once. None where records are read.
    var machines: [HostDescription] = []
    /// In the order of their ends.
    var attempts: [Attempt] = []
    /// Jobs whose programs were started and of which no end is known: the run goes on, or was killed.
    var unfinished: [String] = []
    /// How many jobs the last run was told to run, where it has not said that it is over.
    var expected: Int?

    /// The job's results, in the order of submission.
    var results: [Record] {
        let last = attempts.enumerated().filter(\.element.isLast)
        return last.sorted { ($0.element.record.id, $0.offset) < ($1.element.record.id, $1.offset) }.map(
            \.element.record)
    }

    init(source: String) { self.source = source }

    /// What is not there, in a sentence: jobs of which no end is known, and such as never began. Nil where the run is over.
    var lack: String? {
        guard expected != nil || !unfinished.isEmpty else { return nil }
        let done = results.count
        var text = "the run goes on, or was killed"
        if let expected, done <= expected {
            text += ": \(done) of \(expected) \(expected == 1 ? "job is" : "jobs are") over"
        }
        guard !unfinished.isEmpty else { return text }
        let rest = unfinished.count > 10 ? " and \(unfinished.count - 10) more" : ""
        return text + "; started and not known to have ended: " + unfinished.prefix(10).joined(separator: ", ") + rest
    }

    /// Reads a journal or the records of `run --json`; `-` is standard input.
    init(reading file: String) throws {
        let bytes = try InputFile.bytes(of: file, as: "journal")
        source = file
        do {
            let entries = try Journal.entries(String(decoding: bytes, as: UTF8.self), of: file)
            if entries.isEmpty { throw ReportError(description: "\(file): there is nothing in it to report") }
            add(entries)
        } catch let damage as JournalDamage {
            guard let records = Self.records(bytes) else {
                throw ReportError(
                    description: "\(damage.path):\(damage.line): this is neither a line of a journal nor a record")
            }
            add(records)
        }
    }

    private mutating func add(_ entries: [JournalEntry]) {
        var state = JournalState()
        var names: [JournalState.Attempt: String] = [:]
        for entry in entries {
            state.apply(entry)
            if entry.event == .begun { expected = entry.jobs }
            if entry.event == .finished { expected = nil }
            if let machine = entry.machine, !machines.contains(machine) { machines.append(machine) }
            if entry.event == .start, let id = entry.id, let number = entry.attempt {
                names[JournalState.Attempt(run: entry.run, id: id, number: number)] = entry.name
            }
            if let record = entry.record {
                attempts.append(Attempt(record: record, isLast: entry.isLast ?? true))
            }
        }
        unfinished = state.running.keys.sorted { ($0.id, $0.number) < ($1.id, $1.number) }.compactMap { names[$0] }
    }

    /// Of records alone one cannot see which is the last of its job, but the one that came last is.
    private mutating func add(_ records: [Record]) {
        let last = Dictionary(records.indices.map { (records[$0].id, $0) }) { _, later in later }
        attempts = records.indices.map { Attempt(record: records[$0], isLast: last[records[$0].id] == $0) }
    }

    private static func records(_ bytes: [UInt8]) -> [Record]? {
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        let records = lines.compactMap { try? Record(json: String(decoding: $0, as: UTF8.self)) }
        return records.isEmpty || records.count < lines.count ? nil : records
    }
}

extension HostDescription {
    /// What is known, on one line.
    var forPeople: String {
        let count = cpus.count
        let parts = [
            name, system, "Linux \(kernel)", processor, "\(count) \(count == 1 ? "CPU" : "CPUs")",
            memoryBytes.map { ByteSize($0).description },
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }
}
