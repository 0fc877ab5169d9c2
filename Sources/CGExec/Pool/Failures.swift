/// The jobs of a pool that did not succeed, until somebody clears them.
struct Failures: Sendable {
    /// A group on the way to a job.
    struct Step: Sendable, Hashable {
        var id: JobGroupID
        var name: String
    }

    private var entries: [(path: [Step], record: Record)] = []
    /// How many jobs have ended, well or not.
    private var ended = 0

    mutating func note(_ record: Record, in path: [Step]) {
        ended += 1
        if !record.outcome.isSuccess { entries.append((path, record)) }
    }

    /// In the order of the jobs' submission.
    var records: [Record] { entries.map(\.record).sorted { $0.id < $1.id } }

    /// For people: the jobs below the groups that they are in.
    func tree(of pool: String?) -> String {
        let name = pool.map { "pool \($0)" } ?? "pool"
        let head = "\(name): \(entries.count) of \(ended) \(ended == 1 ? "job" : "jobs") did not succeed"
        return ([head] + Self.lines(entries.sorted { $0.record.id < $1.record.id }, depth: 0)).joined(separator: "\n")
    }

    /// What is in one group: its own jobs, then the groups in it, each where its first job stands.
    private static func lines(_ entries: [(path: [Step], record: Record)], depth: Int) -> [String] {
        let indent = String(repeating: "  ", count: depth + 1)
        var lines = entries.filter { $0.path.count == depth }.map { indent + line($0.record) }
        var below: [(step: Step, entries: [(path: [Step], record: Record)])] = []
        for entry in entries where entry.path.count > depth {
            if let index = below.firstIndex(where: { $0.step == entry.path[depth] }) {
                below[index].entries.append(entry)
            } else {
                below.append((entry.path[depth], [entry]))
            }
        }
        for group in below {
            lines.append("\(indent)\(group.step.name): \(group.entries.count) in this group")
            lines += self.lines(group.entries, depth: depth + 1)
        }
        return lines
    }

    private static func line(_ record: Record) -> String {
        let duration = record.wallSeconds.map { "after \(Duration.seconds($0).forPeople)" } ?? "never started"
        return "\(record.name) (\(record.id)): \(record.outcome.forPeople), \(duration)"
    }
}

extension Outcome {
    /// The outcome in a few words for people, such as `exit 3` or `memory (job)`.
    package var forPeople: String {
        switch kind {
        case .exit: "exit \(code ?? 0)"
        case .signal: "signal " + (signal.map(Signals.name) ?? "unknown")
        case .memory: "memory (\(culprit?.rawValue ?? "unknown"))"
        case .ok, .timeout, .cpuTimeout, .pids, .output, .chained, .postponed, .cancelled, .lost, .launchError:
            kind.rawValue
        }
    }
}
