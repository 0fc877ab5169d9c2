import CGExec
import FoundationEssentials
import Glibc

/// How the policies did, on each trace and on all together.
struct PolicyComparison: Encodable {
    struct Part: Encodable {
        var file: String
        var policies: [String: PolicyResult]
    }

    /// All traces together.
    let policies: [String: PolicyResult]
    /// Each trace, in the order in which they were given.
    let files: [Part]
    private let names: [PolicyName]
    private let replay: Replay
    private let jobs: [Int]
    private let all: Trace
    /// Of all traces together, where there was a pool.
    private let attempts: [PolicyName: [Rehearsal.Attempt]]

    private enum CodingKeys: CodingKey {
        case policies, files
    }

    init(_ traces: [Trace], _ names: [PolicyName], _ replay: Replay) {
        self.names = names
        self.replay = replay
        jobs = traces.map(\.jobs.count)
        all = Trace(
            file: "",
            jobs: traces.reduce(into: []) { all, trace in
                let before = all.count
                all += trace.jobs.map { job in
                    var job = job
                    job.after = job.after.map { $0 + before }
                    return job
                }
            })
        var parts: [Part] = []
        var together: [String: PolicyResult] = [:]
        var attempts: [PolicyName: [Rehearsal.Attempt]] = [:]
        for trace in traces {
            let runs = names.map { ($0, replay.run(trace, $0)) }
            let results = runs.map { ($0.0.description, $0.1.result) }
            parts.append(Part(file: trace.file, policies: Dictionary(uniqueKeysWithValues: results)))
            attempts = Dictionary(uniqueKeysWithValues: runs.map { ($0.0, $0.1.attempts) })
        }
        if traces.count == 1 {
            together = parts[0].policies
        } else if case .sequential = replay {
            together = parts.reduce(into: [:]) { sums, part in sums.merge(part.policies, uniquingKeysWith: +) }
        } else {
            for name in names {
                let run = replay.run(all, name)
                together[name.description] = run.result
                attempts[name] = run.attempts
            }
        }
        files = parts
        policies = together
        self.attempts = attempts
    }

    /// Which job ran when on which core.
    var picture: String {
        guard case .pool(let cores, _, _) = replay else { return "" }
        return Gantt(all, cores: cores, names.map { ($0, attempts[$0] ?? []) }).svg
    }

    /// A table for each trace, and one for all.
    var text: String {
        var parts = zip(files, jobs).map { part, count in
            "\(part.file == "-" ? "<stdin>" : part.file): \(Self.count(count))\n\n" + table(part.policies)
        }
        if files.count > 1 {
            parts.append("all \(files.count) traces: \(Self.count(jobs.reduce(0, +)))\n\n" + table(policies))
        }
        return parts.joined(separator: "\n\n")
    }

    private static func count(_ jobs: Int) -> String { jobs == 1 ? "1 job" : "\(jobs) jobs" }

    private func table(_ results: [String: PolicyResult]) -> String {
        let rows = names.compactMap { name in results[name.description].map { cells(name, $0) } }
        let head: [String] =
            switch replay {
            case .sequential: ["policy", "wasted GiB·h", "vs declared", "killed", "of attempts", "hours"]
            case .pool: ["policy", "hours", "of the least", "wasted GiB·h", "killed", "of attempts"]
            }
        return Table(head: head, rows: rows, rightAligned: Set(1...5)).lines.joined(separator: "\n")
    }

    private func cells(_ name: PolicyName, _ result: PolicyResult) -> [String] {
        let hours = fixed(result.makespanSeconds / 3600, places: 1)
        let wasted = fixed(result.wastedGiBHours, places: 1)
        let share = 100 * Double(result.killedAttempts) / Double(max(1, result.attempts))
        let killed = ["\(result.killedAttempts)", fixed(share, places: 2) + " %"]
        switch replay {
        case .sequential:
            let change = result.change.map { ($0 > 0 ? "+" : "") + fixed(100 * $0, places: 1) + " %" }
            return [name.description, wasted, change ?? ""] + killed + [hours]
        case .pool:
            let least = result.lowerBoundSeconds
            let times = least > 0 ? "× " + fixed(result.makespanSeconds / least, places: 2) : ""
            return [name.description, hours, times, wasted] + killed
        }
    }

    /// One JSON object.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
