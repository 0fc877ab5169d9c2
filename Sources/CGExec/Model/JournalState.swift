/// What a journal tells: its lines, folded. The same lines always give the same state.
package struct JournalState: Sendable, Equatable {
    /// An attempt that was begun.
    package struct Attempt: Sendable, Hashable {
        package var run: Int
        package var id: JobID
        package var number: Int

        package init(run: Int, id: JobID, number: Int) {
            self.run = run
            self.id = id
            self.number = number
        }
    }

    /// The newest run; 0 when there was none.
    package private(set) var run = 0
    /// Who wrote last; nil when that run ended by itself.
    package private(set) var unfinished: JournalEntry.Owner?
    /// What was begun and is not over, with its key.
    package private(set) var running: [Attempt: String] = [:]
    /// The records of jobs that are over, by their keys, in the order of their ends: jobs that are alike in everything have
    /// the same key, and each of them its record.
    package private(set) var ended: [String: [Record]] = [:]
    package init() {}

    /// Takes in the next line.
    package mutating func apply(_ entry: JournalEntry) {
        switch entry.event {
        case .begun:
            run = entry.run
            unfinished = entry.owner
            // What ran when the run before was killed, was killed with it.
            running = [:]
        case .start:
            guard let id = entry.id, let number = entry.attempt, let key = entry.key else { return }
            running[Attempt(run: entry.run, id: id, number: number)] = key
        case .end:
            guard let record = entry.record else { return }
            running[Attempt(run: entry.run, id: record.id, number: record.attempt)] = nil
            guard let key = entry.key, entry.isLast == true, record.isResult else { return }
            ended[key, default: []].append(record)
        case .finished: unfinished = nil
        }
    }

    /// Takes out a record of a job with this key, for a job of a new run: that of the same name where there is one, and those
    /// that succeeded first. Nil when there is none.
    package mutating func take(_ key: String, name: String, successOnly: Bool) -> Record? {
        let records = (ended[key] ?? []).enumerated().filter { !successOnly || $0.element.outcome.isSuccess }
        let best = records.min { left, right in
            func rank(_ record: Record) -> Int { (record.name == name ? 0 : 2) + (record.outcome.isSuccess ? 0 : 1) }
            return (rank(left.element), left.offset) < (rank(right.element), right.offset)
        }
        return best.flatMap { ended[key]?.remove(at: $0.offset) }
    }
}

extension Record {
    /// Whether it says what comes of the job, and not only that it was not run to its end.
    package var isResult: Bool {
        switch outcome.kind {
        case .cancelled, .postponed, .lost, .chained: false
        case .ok, .exit, .signal, .timeout, .cpuTimeout, .memory, .pids, .output, .launchError: true
        }
    }
}
