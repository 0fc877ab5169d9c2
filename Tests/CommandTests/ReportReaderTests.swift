import FoundationEssentials
import Support
import Testing

@testable import CGExec

/// What `report` writes of a real run, read by the programs that it is meant for.
@Suite(.scratchCgroup) struct ReportReaderTests {
    private let scratch: ScratchDirectory
    private let journal: String
    /// The last record of each job.
    private let records: [Record]

    /// Ends of all kinds that need no controller, and names that are hard to write.
    private static let jobs = #"""
        defaults: {timeout: 30s, category: c}
        jobs:
          - {name: "echo {n}", command: [sh, -c, "echo out; echo err >&2; exit {n}"], sweep: {n: [0, 3]}}
          - {name: "a|b <x> & \"q\" ]]> ünï", command: [printf, "]]>\\033[1m\\001<&\\n"]}
          - {name: late, command: [sleep, 1h], timeout: 100ms}
          - {name: killed, command: [sh, -c, "kill -9 $$"]}
          - {name: after, command: ["true"], after: [killed]}
          - {name: talk, command: ["yes"], output-limit: 1KiB}
          - {name: again, command: [sh, -c, "exit 3"], retries: 1}
          - {name: lines, command: [sh, -c, "printf 'a\tb'\nprintf c"]}
        """#

    init() throws {
        scratch = try ScratchDirectory()
        journal = scratch.file("suite.journal")
        let file = try scratch.write(Self.jobs, to: "jobs.yaml")
        let finish = try Child.run([
            Programs.pool(), "run", "--quiet", "--no-learn", "--cgroup", ScratchCgroup.current().path, "--journal",
            journal, "--json", scratch.file("records"), file,
        ])
        try #require(finish.status == .exited(1), "\(finish)")
        let lines = try #require(contents(of: scratch.file("records"))).split(separator: "\n")
        let all = try lines.map { try Record(json: String($0)) }
        records = all.filter { record in !all.contains { $0.id == record.id && $0.attempt > record.attempt } }
            .sorted { $0.id < $1.id }
        try #require(records.count == 9 && all.count == 10)
    }

    /// The path of a report in this format.
    private func report(_ format: String, of source: String? = nil, as name: String = "report") throws -> String {
        let file = scratch.file(name)
        let finish = try Child.run([Programs.pool(), "report", source ?? journal, "--\(format)", file])
        try #require(finish.status == .exited(0) && finish.stdout + finish.stderr == "", "\(finish)")
        return file
    }

    // MARK: BenchExec

    /// The rows of table-generator's CSV by the names of the runs.
    private func table(_ result: String, columns: [String] = []) throws -> [String: [String: String]] {
        let finish = try Child.run(
            [Programs.tableGenerator, "--all-columns", "--outputpath", scratch.file("table"), result])
        try #require(finish.status == .exited(0), "\(finish)")
        #expect(!finish.stderr.contains("WARNING") && !finish.stderr.contains("ERROR"), "\(finish.stderr)")
        let names = entries(of: scratch.file("table")).map { scratch.file("table/\($0)") }
        let page = try #require(names.first { $0.hasSuffix(".html") })
        #expect((contents(of: page)?.utf8.count ?? 0) > 100_000)
        let text = try #require(names.first { $0.hasSuffix(".csv") }.flatMap(contents))
        let lines = text.split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        // Three lines of heads: tool, run set, and the columns, with their units.
        let head = try #require(lines.dropFirst(2).first).map { String($0.prefix { $0 != " " }) }
        return Dictionary(
            uniqueKeysWithValues: lines.dropFirst(3).map { cells in
                (cells[0], Dictionary(uniqueKeysWithValues: zip(head.dropFirst(), cells.dropFirst())))
            })
    }

    /// It shows memory in megabytes.
    private static func bytes(_ cell: String?) -> UInt64? {
        cell.flatMap(Double.init).map { UInt64(($0 * 1e6).rounded()) }
    }

    @Test(.needs(.command([Programs.tableGenerator, "--version"])))
    func `BenchExec's table has our figures`() throws {
        let rows = try table(report("benchexec", as: "suite.results.xml"))
        #expect(rows.count == records.count)
        for record in records {
            let row = try #require(rows[record.name], "\(rows.keys)")
            #expect(row["walltime"].flatMap(Double.init) == record.wallSeconds, "\(row)")
            #expect(row["cputime"].flatMap(Double.init) == record.usage?.cpuSeconds, "\(row)")
            #expect(Self.bytes(row["memory"]) == record.usage?.memoryPeakBytes, "\(row)")
        }
        let statuses = records.map { rows[$0.name]?["status"] ?? "?" }
        #expect(
            statuses == [
                "done", "ERROR (3)", "done", "TIMEOUT", "KILLED BY SIGNAL 9", "", "OUTPUT LIMIT", "ERROR (3)", "done",
            ])
        #expect(rows["late"]?["terminationreason"] == "walltime" && rows["killed"]?["exitsignal"] == "9")
        #expect(rows["echo 3"]?["returnvalue"] == "3" && rows["echo 3"]?["params.n"] == "3")
    }

    /// Of records alone, with figures that this host may not have, and jobs of one name.
    @Test(.needs(.command([Programs.tableGenerator, "--version"])))
    func `BenchExec's table of records`() throws {
        var records = Array(records.filter { $0.wallSeconds != nil }.prefix(3))
        for index in records.indices {
            records[index].name = "same"
            records[index].usage?.memoryPeakBytes = 123_456_789 + UInt64(index)
            records[index].usage?.io = [.init(device: "8:0", rbytes: 4096, wbytes: 1)]
            records[index].usage?.cpuSeconds = 0.000_001
        }
        records[1].outcome = Outcome(.memory, signal: 9, culprit: .job)
        let source = try scratch.write(try records.map { try $0.jsonLine() + "\n" }.joined(), to: "r.jsonl")
        let rows = try table(report("benchexec", of: source, as: "r.results.xml"))
        #expect(Set(rows.keys) == ["same", "same (2)", "same (3)"])
        #expect(
            rows["same (2)"]?["status"] == "OUT OF MEMORY" && Self.bytes(rows["same (2)"]?["memory"]) == 123_456_790)
        #expect(rows["same"]?["cputime"] == "0.000001" && rows["same"]?["blkio-read"] == "4096")
    }

    // MARK: Repetitions

    @Test(.needs(.command([Programs.tableGenerator, "--version"])))
    func `runs of one job are one result of hyperfine, and runs of their own for BenchExec`() throws {
        let file = try scratch.write(
            "- {name: twice, command: ['true'], repeat: 2, warmup: 1}\n- {name: once, command: ['true']}\n",
            to: "r.yaml")
        let (own, written) = (scratch.file("repeated"), scratch.file("written"))
        let finish = try Child.run([
            Programs.pool(), "run", "--quiet", "--no-learn", "--cgroup", ScratchCgroup.current().path, "--journal", own,
            "--json", written, file,
        ])
        try #require(finish.status == .exited(0), "\(finish)")
        let runs = try #require(contents(of: written)).split(separator: "\n").map { try Record(json: String($0)) }
        let counted = runs.filter { $0.name == "twice" && $0.warmup != true }.sorted { $0.id < $1.id }
        let json = try JSONValue(parsing: try #require(contents(of: report("hyperfine", of: own))))
        guard case .list(let results) = json["results"] else { throw Trouble("no results in \(json)") }
        try #require(results.count == 2 && counted.count == 2)
        let twice = try #require(
            results.first { $0["times"] == .list(counted.compactMap { $0.wallSeconds.map(JSONValue.number) }) })
        let difference = (counted[0].wallSeconds ?? 0) - (counted[1].wallSeconds ?? 0)
        guard case .number(let deviation) = twice["stddev"] else { throw Trouble("no stddev in \(twice)") }
        // Of two figures it is their distance over the root of two.
        #expect((deviation - difference.magnitude / 2.0.squareRoot()).magnitude < 1e-9)
        let rows = try table(report("benchexec", of: own, as: "repeated.results.xml"))
        #expect(Set(rows.keys) == ["twice warm-up 1", "twice #1", "twice #2", "once"], "\(rows.keys)")
    }

    // MARK: Others

    @Test(.needs(.command(["xmllint", "--version"]))) func `JUnit XML is valid`() throws {
        let finish = try Child.run(
            ["xmllint", "--noout", "--schema", Programs.source("Tests/Formats/junit.xsd"), report("junit")])
        #expect(finish.status == .exited(0), "\(finish)")
        // An independent reader sees what was written, but for what XML cannot hold.
        let text = try Child.run(["xmllint", "--xpath", "string(//testcase[3]/system-out)", scratch.file("report")])
        #expect(text.stdout == "]]>\u{FFFD}[1m\u{FFFD}<&\n\n", "\(text)")
        let name = try Child.run(["xmllint", "--xpath", "string(//testcase[3]/@name)", scratch.file("report")])
        #expect(name.stdout == records[2].name + "\n")
    }

    @Test(.needs(.command(["parallel", "--version"]))) func `GNU parallel takes up the joblog`() throws {
        let log = try report("joblog")
        let before = try #require(contents(of: log))
        let jobs = (1...records.count + 1).map { "\($0)" }
        let finish = try Child.run(
            ["parallel", "--will-cite", "-j1", "--joblog", log, "--resume", "echo", ":::"] + jobs)
        // What never ran, and the one that is new.
        #expect(finish.stdout == "6\n10\n" && finish.status == .exited(0), "\(finish)")
        let lines = try #require(contents(of: log)).split(separator: "\n")
        #expect(lines.prefix(9).joined(separator: "\n") + "\n" == before)
        // Its own lines and ours are of one form.
        for line in lines {
            #expect(line.split(separator: "\t", omittingEmptySubsequences: false).count == 9, "\(line)")
        }
        let form = #/\d+\t:\t\d{10}\.\d{3}\t *\d+\.\d{3}\t\d+\t\d+\t-?\d+\t\d+\t[^\t]+/#
        for line in lines.dropFirst() { #expect(line.wholeMatch(of: form) != nil, "\(line)") }
    }

    @Test(.needs(.command(["bash", "-c", "true"]))) func `a shell reads the joblog's commands`() throws {
        let log = try #require(contents(of: report("joblog")))
        let line = try #require(log.split(separator: "\n").first { $0.hasPrefix("9\t") })
        let command = try #require(line.split(separator: "\t").last)
        #expect(try Child.run(["bash", "-c", String(command)]).stdout == "a\tbc")
    }

    @Test(.needs(.command(["python3", "-c", "import csv, json"]))) func `Python reads CSV and JSON alike`() throws {
        let csv = try report("csv", as: "r.csv")
        let json = try report("json", as: "r.json")
        let hyperfine = try report("hyperfine", as: "h.json")
        let script = """
            import csv, json, statistics, sys
            rows = list(csv.DictReader(open(sys.argv[1], newline=""), strict=True))
            whole = json.load(open(sys.argv[2]))
            assert len(rows) == len(whole["records"]) == 10, len(rows)
            assert whole["jobs"] == 9 and sum(whole["outcomes"].values()) == 9 and whole["unfinished"] == []
            assert len(whole["machines"]) == 1

            def value(record, name):
                if name.startswith("limits."): return record["limits"].get(name[7:])
                for key in name.split("."):
                    record = (record or {}).get(key)
                return record

            compared = 0
            for row, record in zip(rows, whole["records"]):
                for name, text in row.items():
                    if name in ("enforcement", "command") or name.startswith("usage.io."): continue
                    known = value(record, name)
                    if isinstance(known, list): known = "; ".join(known)
                    if known is None: assert text == "", (name, text)
                    elif isinstance(known, bool): assert text == str(known).lower(), (name, text)
                    elif isinstance(known, (int, float)): assert float(text) == known, (name, text, known)
                    else: assert text == known, (name, text, known)
                    compared += known is not None
            results = json.load(open(sys.argv[3]))["results"]
            assert len(results) == 8
            for result in results:
                assert result["mean"] == statistics.mean(result["times"]) == result["min"], result
                assert result["stddev"] is None
            print(compared)
            """
        let finish = try Child.run(["python3", "-c", script, csv, json, hyperfine])
        #expect(
            finish.status == .exited(0) && (Int(finish.stdout.split(separator: "\n").first ?? "") ?? 0) > 150,
            "\(finish)")
    }
}
