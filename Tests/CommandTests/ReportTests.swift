import Glibc
import Support
import Testing

@testable import CGExec

/// `cgexec-pool report`: its command line, and how it writes.
@Suite struct ReportTests {
    private let scratch: ScratchDirectory
    private let source: String

    init() throws {
        scratch = try ScratchDirectory()
        var record = Record(
            id: JobID(1), name: "a", attempt: 1, argv: ["true"], outcome: Outcome(.ok, code: 0), times: .init(),
            limits: Limits(), enforcement: [:])
        record.wallSeconds = 1.5
        source = try scratch.write(try record.jsonLine() + "\n", to: "records")
    }

    private func report(_ arguments: String...) throws -> Child.Finish {
        try Child.run([Programs.pool(), "report", source] + arguments)
    }

    @Test func `the table, and each format to standard output`() throws {
        let table = try report()
        #expect(table.stdout.hasSuffix("| a   | ok      |  1.500 |\n\n1 job: 1 ok\n"), "\(table)")
        for (option, start) in [
            ("csv", "id,key,name"), ("markdown", "| job |"), ("json", #"{"jobs":1,"#), ("junit", "<?xml"),
            ("joblog", "Seq\tHost\t"), ("hyperfine", "{\n"), ("benchexec", "<?xml"),
        ] {
            let finish = try report("--\(option)", "-")
            #expect(finish.stdout.hasPrefix(start) && finish.stdout.utf8.last == UInt8(ascii: "\n"), "\(finish)")
            #expect(finish.status == .exited(0) && finish.stderr == "")
        }
        #expect(try report("--by-slot").stdout.hasPrefix("Without a slot\n\n| job |"))
    }

    @Test func `everything that is wrong at once, and nothing is written`() throws {
        let finish = try report(
            "--csv", source, "--json", "-", "--junit", "-", "--joblog", "", "--hyperfine", scratch.file("x"),
            "--benchexec", scratch.path + "/./x", "--by-slot")
        #expect(finish.status == .exited(2) && finish.stdout == "")
        for text in [
            "--csv: \(source) is what is to be reported", "--json, --junit: only one of them",
            "--joblog: the file has no name",
            "--benchexec: \(scratch.path)/./x is where --hyperfine writes as well", "--by-slot: it is about the table",
        ] { #expect(finish.stderr.contains(text), "\(finish.stderr)") }
        #expect(finish.stderr.count(of: "Error: ") == 5, "\(finish.stderr)")
        #expect(scratch.names == ["records"])
        let missing = try Child.run([Programs.pool(), "report", scratch.file("none"), "--csv", scratch.file("x")])
        #expect(missing.status == .exited(2) && missing.stderr.contains("cannot read the journal"), "\(missing)")
        let other = try Child.run([Programs.pool(), "report", scratch.write("{}\n", to: "other")])
        #expect(
            other.status == .exited(2) && other.stderr.contains("neither a line of a journal nor a record"), "\(other)")
    }

    @Test func `a file is replaced as a whole, and keeps its name and mode`() throws {
        try scratch.write("before\n", to: "target", mode: 0o600)
        symlink("target", scratch.file("link"))
        #expect(try report("--csv", scratch.file("link"), "--json", scratch.file("new")).status == .exited(0))
        #expect(scratch.names == ["link", "new", "records", "target"])
        var status = stat()
        #expect(lstat(scratch.file("link"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(stat(scratch.file("target"), &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(contents(of: scratch.file("target"))?.hasPrefix("id,key") == true)
        // A device stays one.
        #expect(try report("--csv", "/dev/null").status == .exited(0))
        #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test func `what cannot be written is said`() throws {
        let full = try report("--csv", "/dev/full")
        #expect(
            full.status == .exited(125) && full.stderr.contains("cannot write to /dev/full: No space left"), "\(full)")
        let stream = try Child.script("\"$POOL\" report \"$1\" --csv - >/dev/full", [source])
        #expect(stream.status == .exited(125) && stream.stderr.contains("cannot write to standard output"), "\(stream)")
        let folder = try report("--csv", "/nonexistent/x")
        #expect(folder.status == .exited(125) && folder.stderr.contains("cannot write to /nonexistent/x"), "\(folder)")
    }

    @Test func `the examples in its page are what one gets`() throws {
        let page = try #require(contents(of: Programs.source("docs/report.md")))
        let blocks = page.split(separator: "```", omittingEmptySubsequences: false).map(String.init)
        let records = try #require(blocks.first { $0.hasPrefix("json\n") }).dropFirst("json\n".count)
        try scratch.write(String(records), to: "records.jsonl")
        let shown = try #require(blocks.first { $0.hasPrefix("console\n") }).dropFirst("console\n".count)
        let commands = shown.split(separator: "\n").filter { $0.hasPrefix("$ ") }.map { $0.dropFirst(2) }
        try #require(commands.count == 3)
        let lines = commands.map { "echo '$ \($0)'\n\"$POOL\" \($0.dropFirst("cgexec-pool ".count))\n" }
        let finish = try Child.script("cd \"$1\" || exit\n" + lines.joined(), [scratch.path])
        #expect(finish.stdout == shown && finish.stderr == "")
        #expect(exists(scratch.file("all.csv")) && exists(scratch.file("all.results.xml")))
    }

    // MARK: exec --runexec-output

    @Test func `exec prints what runexec would`() throws {
        let file = scratch.file("keys")
        let finish = try Child.run(Programs.exec(["--runexec-output", file], ["sh", "-c", "echo out; exit 3"]))
        #expect(finish.status == .exited(3) && finish.stdout == "out\n" && finish.stderr == "", "\(finish)")
        let lines = try #require(contents(of: file)).split(separator: "\n")
        let form = #/starttime=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00|returnvalue=3|(wall|cpu)time=\d+(\.\d+)?s|/#
        let rest = #/(memory|blkio-read|blkio-write)=\d+B|pressure-(cpu|io|memory)-some=\d+(\.\d+)?s/#
        for line in lines {
            #expect(line.wholeMatch(of: form) != nil || line.wholeMatch(of: rest) != nil, "\(line)")
        }
        let keys = lines.map { $0.prefix { $0 != "=" } }
        #expect(keys.prefix(3) == ["starttime", "returnvalue", "walltime"])
        let late = try Child.run(
            Programs.exec(
                ["--timeout", Patience.time(100), "--runexec-output", "-"], [Programs.probe(), "sleep", "1h"]))
        #expect(late.status == .exited(124) && late.stdout == "")
        #expect(late.stderr.contains(#/\nterminationreason=walltime\nexitsignal=\d+\nwalltime=/#), "\(late)")
    }

    @Test func `exec writes no two things to one file`() throws {
        let finish = try Child.run(
            Programs.exec(["--json", scratch.file("x"), "--runexec-output", scratch.path + "/./x"], ["true"]))
        #expect(finish.status == .exited(125) && finish.stderr.contains("is where --json writes as well"), "\(finish)")
        #expect(!exists(scratch.file("x")))
    }
}
