import CGExec

/// A result file of BenchExec (its doc/result.dtd, version 3.12), for table-generator: a run for each job, by its last
/// attempt.
enum BenchExecExport {
    static func render(_ data: ReportData) -> String {
        let runs = data.namedResults
        let records = runs.map(\.record)
        let first = records.compactMap(\.times.started).min() ?? records.compactMap(\.times.queued).min()
        let programs = Set(records.compactMap { $0.argv.first?.split(separator: "/").last.map(String.init) }).sorted()
        let attributes: [(name: String, value: String?)] = [
            ("benchmarkname", data.name), ("tool", programs.joined(separator: ", ")),
            // Which version of a program ran is not known.
            ("version", ""),
            // table-generator loads a module to read what tools wrote, and warns where there is none: this one reads
            // nothing.
            ("toolmodule", "benchexec.tools.dummy"),
            ("generator", "cgexec-pool \(CGExecPool.version)"),
            ("date", first.map { $0.description.prefix(19).replacing("T", with: " ") + " UTC" }),
            ("starttime", first.map(RunexecResult.isoTime)),
            ("endtime", records.compactMap(\.times.ended).max().map(RunexecResult.isoTime)),
            ("memlimit", shared(records) { $0.limits.memory.flatMap(bytes) }),
            ("timelimit", shared(records) { $0.limits.cpuTimeout.map { decimal($0.seconds, places: 9) + "s" } }),
            ("cpuCores", shared(records) { $0.limits.cpus.map { "\($0)" } }),
        ]
        let titles = ["status", "cputime", "walltime", "memory"].map { XMLElement("column", [("title", $0)]) }
        return XMLElement(
            "result", attributes,
            [XMLElement("columns", [], titles)] + data.machines.map(system)
                + runs.map { XMLElement("run", [("name", $0.name)], columns($0.record)) }
        ).document
    }

    /// A value that all have.
    private static func shared(_ records: [Record], _ value: (Record) -> String?) -> String? {
        let values = Set(records.map(value))
        return values.count == 1 ? values.first.flatMap { $0 } : nil
    }

    private static func bytes(_ amount: MemoryAmount) -> String? {
        if case .size(let size) = amount { "\(size.bytes)B" } else { nil }
    }

    /// Of what is not known the element is there and says nothing, since table-generator looks for it.
    private static func system(_ machine: HostDescription) -> XMLElement {
        XMLElement(
            "systeminfo", [("hostname", machine.name)],
            [
                XMLElement(
                    "os",
                    [("name", [machine.system, "Linux \(machine.kernel)"].compactMap { $0 }.joined(separator: ", "))]),
                XMLElement("cpu", [("model", machine.processor ?? ""), ("cores", "\(machine.cpus.count)")]),
                XMLElement("ram", [("size", machine.memoryBytes.map { "\($0)B" } ?? "")]),
                XMLElement("environment"),
            ])
    }

    // MARK: A run

    /// Shown by everybody; all others only with `--all-columns`.
    private static let shown: Set = ["status", "cputime", "walltime", "memory"]

    private static func columns(_ record: Record) -> [XMLElement] {
        var values: [(key: String, value: String)] = []
        // What never ran has no status there either.
        if record.attempt > 0 {
            values.append(("status", status(record.outcome)))
            // Whether a result is right nobody said; BenchExec calls that missing.
            values.append(("category", record.outcome.isSuccess ? "missing" : "error"))
        }
        values += RunexecResult(record).values
        func add(_ key: String, _ value: String?) { if let value { values.append((key, value)) } }
        add("cpuCores", record.placement?.cpus.map(list))
        add("memoryNodes", record.placement?.mems.map(list))
        add("host", record.host)
        add("outcome", record.outcome.forPeople)
        add("validity", record.validity?.verdict.rawValue)
        for (name, value) in (record.params ?? [:]).sorted(by: { $0.key < $1.key }) { add("params.\(name)", value) }
        return values.map { key, value in
            XMLElement(
                "column", [("title", key), ("value", value), ("hidden", shown.contains(key) ? nil : "true")])
        }
    }

    private static func list(_ set: CPUSet) -> String { set.members.map { "\($0)" }.joined(separator: ",") }

    /// The words of BenchExec's model.py. What a program returned after it was to end is said, too.
    static func status(_ outcome: Outcome) -> String {
        let own = ending(outcome)
        let limit =
            switch outcome.kind {
            case .ok, .exit, .signal: String?.none
            case .timeout, .cpuTimeout: "TIMEOUT"
            case .memory: "OUT OF MEMORY"
            case .pids: "PIDS LIMIT"
            case .output: "OUTPUT LIMIT"
            case .chained, .postponed, .cancelled: "KILLED"
            case .lost: "LOST"
            case .launchError: "FAILED"
            }
        guard let limit else { return own ?? "unknown" }
        let isTold = own.map { !["done", "KILLED", "KILLED BY SIGNAL 9", limit].contains($0) } ?? false
        return isTold ? "\(limit) (\(own ?? ""))" : limit
    }

    private static func ending(_ outcome: Outcome) -> String? {
        switch outcome.signal {
        case 6: "ABORTED"
        case 11: "SEGMENTATION FAULT"
        case 15: "KILLED"
        case let signal?: "KILLED BY SIGNAL \(signal)"
        case nil: outcome.code.map { $0 == 0 ? "done" : "ERROR (\($0))" }
        }
    }
}
