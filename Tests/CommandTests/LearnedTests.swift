import Glibc
import Support
import Testing

@testable import CGExec

/// What one run learns for the next, and `cgexec-pool learned`.
@Suite struct LearnedTests {
    private let scratch: ScratchDirectory
    private let state: String
    private let usual: String

    init() throws {
        scratch = try ScratchDirectory()
        state = scratch.file("state")
        usual = state + "/cgexec/needs.json"
    }

    private func pool(_ arguments: [String], environment: [String: String] = [:]) throws -> Child.Finish {
        try Child.run(
            [Programs.pool()] + arguments, environment: ["XDG_STATE_HOME": state].merging(environment) { $1 })
    }

    /// A file of four jobs, and where their records go.
    private func jobs(_ command: [String], need: String, category: String = "category: c, ") throws -> String {
        let words = command.map { "'\($0)'" }.joined(separator: ", ")
        return try scratch.write(
            "- {name: 'j-{n}', command: [\(words)], \(category)need: \(need), sweep: {n: 1..4}}", to: "jobs.yaml")
    }

    private func records() throws -> [Record] {
        try #require(contents(of: scratch.file("records"))).split(separator: "\n").map { try Record(json: String($0)) }
    }

    /// How many had started when the first one ended: before anything could be learned in this run.
    private static func together(_ records: [Record]) throws -> Int {
        let end = try #require(records.compactMap(\.times.ended).min())
        return try records.count { try #require($0.times.started) < end }
    }

    /// Makes a file in which jobs with a program were seen to need so much.
    private func teach(_ path: String, _ program: String = "/usr/bin/sleep", category: String = "c", mib: UInt64 = 50)
        throws
    {
        let descriptor = open(program, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var digest = ContentDigest()
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
            buffer[..<count].withUnsafeBytes { digest.update($0) }
        }
        let version = ProgramVersion(path: program, digest: digest.text)
        let samples = (1...50).map {
            MemoryModel.Sample(category: category, program: version, size: Double($0), bytes: mib << 20)
        }
        let now = Timestamp(nanosecondsSinceEpoch: 1_000_000_000_000_000_000)
        try LearnedFile(path).update { $0.learn(samples, on: Host.kind(), at: now) }
    }

    // MARK: Two runs

    /// A program that is soon read, also where a machine is emulated: a static one of megabytes would not be known in time.
    private func holder() throws -> String {
        let probe = try Programs.probe()
        return try scratch.write("#!/bin/sh\nexec '\(probe)' memory 48M --hold 4s\n", to: "holder", mode: 0o755)
    }

    /// The whole way, on a kernel that tells what programs need.
    @Test(.scratchCgroup, .needs(.controller("memory")))
    func `what one run learned the next one reserves, and starts more at once`() throws {
        #expect(try Child.run(Programs.probe("memory", "0", "--warm")).status == .exited(0))
        let program = try holder()
        let file = try jobs([program], need: "160MiB")
        let command = [
            "run", "--quiet", "--jobs", "4", "--budget", "400MiB", "--cgroup", try ScratchCgroup.current().path,
            "--json", scratch.file("records"), file,
        ]
        let first = try pool(command)
        try #require(first.status == .exited(0) && first.stderr == "", "\(first)")
        var records = try records()
        #expect(try Self.together(records) == 2 && records.allSatisfy { $0.usage?.needPeakBytes != nil })

        let learned = try pool(["learned", "--json"])
        let needs = try JSONValue(parsing: learned.stdout)["needs"]
        guard case .list(let list) = needs, let need = list.first, list.count == 1 else {
            throw Trouble(learned.stdout)
        }
        #expect(need["category"] == .text("c") && need["jobs"]?.integer == 4)
        #expect(need["program"]?["path"] == .text(program))
        #expect((48 << 20...64 << 20).contains(try #require(need["highestBytes"]?.integer)))

        try #require(try pool(command).status == .exited(0))
        records = try self.records()
        #expect(try Self.together(records) == 4)
        let limits = records.compactMap { $0.effective?["memory.max"].flatMap { Int($0) } }
        #expect(limits.count == 4 && limits.allSatisfy { $0 < 100 << 20 }, "\(limits)")

        let before = contents(of: usual)
        try #require(try pool(command + ["--no-learn"]).status == .exited(0))
        #expect(try Self.together(self.records()) == 2)
        #expect(contents(of: usual) == before)
    }

    /// The same where the kernel does not tell: from a file that knows.
    @Test func `what is known is reserved`() throws {
        let file = try jobs(["sleep", Patience.requiresAll ? "4" : "0.5"], need: "160MiB")
        func together(_ learned: String) throws -> Int {
            let finish = try pool([
                "run", "--quiet", "--best-effort", "--jobs", "4", "--budget", "400MiB", "--json",
                scratch.file("records"), "--learned", scratch.file(learned), file,
            ])
            try #require(finish.status == .exited(0), "\(finish)")
            return try Self.together(records())
        }
        #expect(try together("nothing") == 2)
        try teach(scratch.file("others"), category: "another")
        try teach(scratch.file("others"), "/bin/sh")
        #expect(try together("others") == 2)
        try teach(scratch.file("needs"))
        #expect(try together("needs") == 4)
        #expect(!exists(state))
    }

    // MARK: The file

    @Test func `a file that is not what it should be keeps everything from starting, unless nothing is to be learned`()
        throws
    {
        let file = try jobs(["touch", scratch.file("witness-{n}")], need: "1MiB")
        let path = try scratch.write(#"{"version":2}"#, to: "needs")
        let link = scratch.file("state/cgexec")
        for folder in [state, link] { try #require(mkdir(folder, 0o755) == 0) }
        try #require(symlink(path, usual) == 0)
        for arguments in [["run", "--learned", path, file], ["learned"], ["learned", "--forget-all"]] {
            let finish = try pool(arguments)
            #expect(finish.status == .exited(2) && finish.stdout == "", "\(arguments)")
            #expect(
                finish.stderr.contains("\(path) was written by another version of CGExec (version 2"),
                "\(finish.stderr)")
        }
        #expect(!exists(scratch.file("witness-1")) && contents(of: path) == #"{"version":2}"#)
        #expect(try pool(["run", "--no-learn", file]).status == .exited(0))
        #expect(exists(scratch.file("witness-1")))
    }

    @Test(arguments: [#"{"version":2}"#, "damaged"])
    func `at the usual place, where nobody named it, it is said once and left as it is`(_ text: String) throws {
        let file = try jobs(["true"], need: "1MiB")
        for folder in [state, state + "/cgexec"] { try #require(mkdir(folder, 0o755) == 0) }
        try scratch.write(text, to: "state/cgexec/needs.json")
        let finish = try pool(["run", "--quiet", file])
        #expect(finish.status == .exited(0) && finish.stderr.contains(usual), "\(finish.stderr)")
        #expect(finish.stderr.contains("this run learns for itself only"))
        #expect(finish.stderr.split(separator: "\n").count == 1)
        #expect(contents(of: usual) == text)
    }

    @Test func `who keeps the lock does not keep a run from starting`() throws {
        let file = try jobs(["true"], need: "1MiB")
        let lock = open(try scratch.write("", to: "needs.lock"), O_RDWR | O_CLOEXEC)
        defer { close(lock) }
        try #require(flock(lock, LOCK_EX) == 0)
        let finish = try pool(["run", "--quiet", "--learned", scratch.file("needs"), file])
        // With the kernel's figures there is something to keep, which is then said at the end.
        #expect(finish.stdout.contains("4 jobs: 4 ok"), "\(finish)")
    }

    /// Only with the kernel's figures is there something to keep.
    @Test(.scratchCgroup, .needs(.controller("memory")))
    func `who keeps the lock keeps nobody from the table`() throws {
        let file = try jobs([holder()], need: "96MiB")
        let lock = open(try scratch.write("", to: "needs.lock"), O_RDWR | O_CLOEXEC)
        defer { close(lock) }
        try #require(flock(lock, LOCK_EX) == 0)
        let finish = try pool([
            "run", "--quiet", "--budget", "400MiB", "--cgroup", try ScratchCgroup.current().path, "--learned",
            scratch.file("needs"), file,
        ])
        #expect(finish.status == .exited(125) && finish.stderr.contains("needs.lock locked"), "\(finish)")
        #expect(finish.stdout.contains("4 jobs: 4 ok"))
    }

    /// As `sudo -E` leaves it.
    @Test func `in another user's home nothing is made`() throws {
        guard geteuid() == 0 else { try skip("only root can make a folder of another user's") }
        let file = try jobs(["true"], need: "1MiB")
        let home = scratch.file("home")
        try #require(mkdir(home, 0o755) == 0 && chown(home, 65534, 65534) == 0)
        for environment in [["XDG_STATE_HOME": home + "/state"], ["XDG_STATE_HOME": "", "HOME": home]] {
            let finish = try pool(["run", "--quiet", file], environment: environment)
            #expect(finish.status == .exited(0) && finish.stderr.contains("\(home) is another user's"), "\(finish)")
            #expect(finish.stderr.split(separator: "\n").count == 1)
        }
        #expect(entries(of: home) == [])
    }

    @Test func `another user's lock is no obstacle`() throws {
        guard geteuid() == 0 else { try skip("only root can become another user") }
        let (folder, program) = (scratch.file("theirs"), scratch.file("cgexec-pool"))
        try #require(mkdir(folder, 0o755) == 0)
        try teach(folder + "/needs")
        try #require(chmod(folder + "/needs.lock", 0o644) == 0)
        try #require(chown(folder, 65534, 65534) == 0 && chown(folder + "/needs", 65534, 65534) == 0)
        try #require(Child.run(["install", "-m", "755", Programs.pool(), program]).status == .exited(0))
        let finish = try Child.run([
            "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--", program, "learned", "--forget",
            "c",
            folder + "/needs",
        ])
        #expect(finish.status == .exited(0), "\(finish)")
        #expect(try LearnedFile(folder + "/needs").read().entries == [])
    }

    @Test func `what was learned, the records and the jobs are different files`() throws {
        let file = try jobs(["touch", scratch.file("witness-{n}")], need: "1MiB")
        let (needs, missing, text) = (scratch.file("needs"), scratch.file("missing"), contents(of: file))
        try teach(needs)
        try teach(scratch.file("usual"))
        let before = contents(of: needs)
        for folder in [state, state + "/cgexec"] { try #require(mkdir(folder, 0o755) == 0) }
        try #require(rename(scratch.file("usual"), usual) == 0)
        try #require(symlink(needs, scratch.file("link")) == 0 && link(needs, scratch.file("hard")) == 0)
        for arguments in [
            ["--json", needs, "--learned", needs], ["--json", scratch.file("link"), "--learned", needs],
            ["--json", needs, "--learned", scratch.file("hard")], ["--json", usual],
            ["--json", missing, "--learned", scratch.file("./missing")], ["--learned", file], ["--learned", "-"],
        ] {
            let finish = try pool(["run"] + arguments + [file])
            #expect(finish.status == .exited(2) && finish.stdout == "", "\(arguments): \(finish)")
            #expect(finish.stderr.contains("name a") && !finish.stderr.contains("--no-learn"), "\(finish.stderr)")
        }
        let redirected = try Child.script(
            "exec \"$POOL\" run --json - --learned \"$1\" \"$2\" >> \"$1\"", [needs, file])
        #expect(redirected.status == .exited(2) && redirected.stderr.contains("--json: -"), "\(redirected)")
        #expect(contents(of: needs) == before && contents(of: file) == text)
        #expect(!exists(missing) && !exists(scratch.file("witness-1")))
    }

    @Test(arguments: ["/nonexistent/needs", "/dev/null", "/"])
    func `a file that was asked for and cannot be keeps everything from starting`(_ path: String) throws {
        let file = try jobs(["touch", scratch.file("witness-{n}")], need: "1MiB")
        let finish = try pool(["run", "--learned", path, file])
        #expect(finish.status == .exited(2) && finish.stderr.contains("\(path)"), "\(finish.stderr)")
        #expect(finish.stderr.contains("--no-learn") && finish.stderr.hasSuffix("Nothing was started.\n"))
        #expect(!exists(scratch.file("witness-1")))
    }

    @Test(arguments: [
        (["XDG_STATE_HOME": "/proc/none"], "cannot write what is learned to /proc/none/cgexec/needs.json"),
        (["XDG_STATE_HOME": "", "HOME": ""], "neither HOME nor XDG_STATE_HOME is set"),
        (["XDG_STATE_HOME": "relative", "HOME": "/proc"], "cannot write what is learned to /proc/.local/state/cgexec"),
    ])
    func `a usual place that cannot be is said once`(_ environment: [String: String], _ message: String) throws {
        let file = try jobs(["true"], need: "1MiB")
        let finish = try pool(["run", "--quiet", file], environment: environment)
        #expect(finish.status == .exited(0) && finish.stderr.contains(message), "\(finish.stderr)")
        #expect(finish.stderr.split(separator: "\n").count == 1)
        #expect(try pool(["run", "--quiet", "--no-learn", file], environment: environment).stderr == "")
    }

    @Test func `where there is nothing to learn nothing is made`() throws {
        let file = try jobs(["true"], need: "1MiB", category: "")
        #expect(try pool(["run", "--quiet", file]).stderr == "")
        #expect(!exists(state))
    }

    @Test func `bad usage`() throws {
        let file = try jobs(["true"], need: "1MiB")
        for (arguments, message) in [
            (["run", "--no-learn", "--learned", "f", file], "--learned: with --no-learn"),
            (["run", "--learned", "", file], "--learned: the file has no name"),
            (["learned", "--forget", "c", "--forget-all"], "--forget-all"),
            (["learned", "--json", "--forget-all"], "--json"),
        ] {
            let finish = try pool(arguments)
            #expect(
                finish.status == .exited(2) && finish.stdout == "" && finish.stderr.contains(message), "\(arguments)")
        }
    }

    // MARK: Showing and forgetting

    @Test func `a table for people, JSON for programs`() throws {
        #expect(try pool(["learned"]).stderr == "cgexec-pool learned: nothing is learned yet in \(usual)\n")
        try teach(scratch.file("needs"), category: "decompress", mib: 300)
        try teach(scratch.file("needs"), "/bin/sh", category: "build")
        let table = try pool(["learned", scratch.file("needs")])
        #expect(table.status == .exited(0) && table.stderr == "")
        let rows = table.stdout.split(separator: "\n").map { $0.split(separator: "|").map { $0.filter { $0 != " " } } }
        #expect(
            rows.first == [
                "category", "program", "version", "jobs", "highestneed", "largestsize", "nextgets", "last(UTC)",
            ])
        #expect(rows.count == 4 && rows[2][0] == "build" && rows[2][1] == "sh")
        #expect(rows[3][1] == "sleep" && rows[3][3...] == ["50", "300MiB", "50", "309MiB", "2001-09-0901:46"])

        let json = try JSONValue(parsing: pool(["learned", "--json", scratch.file("needs")]).stdout)
        guard case .list(let needs) = json["needs"] else { throw Trouble("\(json)") }
        #expect(json["file"] == .text(scratch.file("needs")) && json["host"] == .text(Host.kind()))
        #expect(needs.map { $0["category"]?.text } == ["build", "decompress"])
        #expect(needs[1]["nextBytes"]?.integer == 309 << 20 && needs[1]["highestBytes"]?.integer == 300 << 20)
        #expect(needs[1]["updated"] == .text("2001-09-09T01:46:40.000000000Z"))
        #expect(needs[1]["program"]?["digest"]?.text?.count == 16)
    }

    @Test func `what categories are called neither moves the cursor nor breaks the table`() throws {
        try teach(scratch.file("needs"), category: "a\u{1B}[31mb\r\nc|d\u{9B}2J")
        let table = try pool(["learned", scratch.file("needs")]).stdout
        let lines = table.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(
            lines.count == 4 && lines[3] == "" && lines[2].hasPrefix("| a\u{FFFD}[31mb c\\|d\u{FFFD}2J |"), "\(lines)")
        let typo = try pool(["learned", "--forget", "a\u{1B}", scratch.file("needs")]).stderr
        let text = try #require(contents(of: scratch.file("needs")))
        try scratch.write(text.replacing("\"highest\":52428800", with: "\"highest\":-1"), to: "needs")
        let damaged = try pool(["run", "--learned", scratch.file("needs"), jobs(["true"], need: "1MiB")]).stderr
        #expect(typo.contains("of the category 'a\u{FFFD}'") && damaged.contains("is damaged"), "\(typo)\(damaged)")
        for text in [table, typo, damaged] {
            #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        }
    }

    @Test func `the example in its page is what one gets`() throws {
        let now = try #require(Timestamp(rfc3339: "2026-01-31T12:00:00.000000000Z"))
        let align = (1...50).map {
            MemoryModel.Sample(
                category: "align", program: .init(path: "/usr/bin/bwa", digest: "85944171f73967e8"),
                size: Double(2 * $0),
                bytes: 1 << 32)
        }
        let sort = MemoryModel.Sample(
            category: "sort", program: .init(path: "/usr/bin/sort", digest: "cbf29ce484222325"), bytes: 300 << 20)
        for folder in [state, state + "/cgexec"] { try #require(mkdir(folder, 0o755) == 0) }
        try LearnedFile(usual).update {
            $0.learn(align + Array(repeating: sort, count: 4), on: Host.kind(), at: now)
        }
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let page = try #require(contents(of: root + "/docs/scheduling.md"))
        let blocks = page.split(separator: "```", omittingEmptySubsequences: false)
        let shown = try #require(blocks.first { $0.hasPrefix("console\n$ cgexec-pool learned\n") })
        #expect(try pool(["learned"]).stdout == shown.dropFirst("console\n$ cgexec-pool learned\n".count))
    }

    @Test func `a category, or all, can be forgotten`() throws {
        let file = scratch.file("needs")
        for category in ["one", "two", "three"] { try teach(file, category: category) }
        func categories() throws -> [String] { try LearnedFile(file).read().entries.map(\.category) }
        let typo = try pool(["learned", "--forget", "one", "--forget", "tow", file])
        #expect(typo.status == .exited(2) && typo.stderr.contains("'tow'; did you mean 'two'?"))
        #expect(try categories() == ["one", "three", "two"])
        let forgotten = try pool(["learned", "--forget", "one", "--forget", "two", file])
        #expect(forgotten.status == .exited(0) && forgotten.stdout + forgotten.stderr == "")
        #expect(try categories() == ["three"])
        #expect(try pool(["learned", "--forget-all", file]).status == .exited(0))
        #expect(try categories() == [])
        #expect(try pool(["learned", "--forget-all", scratch.file("missing")]).status == .exited(0))
        #expect(!exists(scratch.file("missing")))
    }
}
