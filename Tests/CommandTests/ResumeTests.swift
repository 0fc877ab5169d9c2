import Glibc
import Support
import Testing

@testable import CGExec

/// `run --journal` and `--resume`: a run that was ended, however, is taken up by the next one.
@Suite(.scratchCgroup) struct ResumeTests {
    let scratch: ScratchDirectory
    let tree: String
    let journal: String

    init() throws {
        scratch = try ScratchDirectory()
        tree = try ScratchCgroup.current().path
        journal = scratch.file("journal")
    }

    func arguments(_ jobs: String, _ options: [String]) throws -> [String] {
        try [Programs.pool(), "run", "--quiet", "--no-learn", "--cgroup", tree, "--journal", journal] + options
            + ["--json", scratch.file("records"), jobs]
    }

    func run(_ jobs: String, _ options: String...) throws -> Child.Finish {
        try Child.run(arguments(jobs, options))
    }

    func records() throws -> [Record] {
        try (contents(of: scratch.file("records")) ?? "").split(separator: "\n").map { try Record(json: String($0)) }
    }

    /// Which jobs ran, a line for each.
    private func log() -> [String] {
        (contents(of: scratch.file("log")) ?? "").split(separator: "\n").map(String.init)
    }

    /// Jobs that write their name, and fail where it begins with "f".
    func jobs(_ names: String..., more: String = "") throws -> String {
        let log = scratch.file("log")
        let list = names.map { name in
            "- {name: \(name), command: [sh, -c, 'echo \(name) >> \"$0\"; case \(name) in f*) exit 1;; esac', '\(log)']\(more)}"
        }
        return try scratch.write(list.joined(separator: "\n") + "\n", to: "jobs.yaml")
    }

    @Test func `what is done is not run again`() throws {
        let first = try run(jobs("a", "b", "fail"))
        #expect(first.status == .exited(1), "\(first)")
        #expect(log().sorted() == ["a", "b", "fail"])
        // The list has changed: one more, in another order.
        let second = try run(jobs("fail", "c", "b", "a"), "--resume")
        #expect(second.status == .exited(1) && log().count == 4 && log().last == "c", "\(second) \(log())")
        let again = try records()
        #expect(again.map(\.name).sorted() == ["a", "b", "c", "fail"])
        #expect(Set(again.map(\.id)).count == 4 && again.allSatisfy { $0.key != nil })
        #expect(second.text.contains("4 jobs: 3 ok, 1 exit"), "\(second)")
        let third = try run(jobs("fail", "c", "b", "a"), "--resume", "--rerun-failed")
        #expect(third.status == .exited(1) && log().count == 5 && log().last == "fail", "\(third) \(log())")
        #expect(try records().count == 4)
    }

    @Test func `jobs that are alike are told apart by their number`() throws {
        func alike(_ count: Int) throws -> String {
            let words = "[sh, -c, 'echo a >> \"$0\"', '\(scratch.file("log"))']"
            return try scratch.write("- {name: 'a{n}', command: \(words), sweep: {n: 1..\(count)}}\n", to: "alike.yaml")
        }
        _ = try run(alike(2))
        #expect(log() == ["a", "a"])
        _ = try run(alike(3), "--resume")
        #expect(log() == ["a", "a", "a"])
        #expect(try records().count == 3)
    }

    @Test func `a changed limit, input or predecessor is a reason to run again`() throws {
        try scratch.write("1", to: "input")
        let input = ", inputs: ['\(scratch.file("input"))']"
        _ = try run(jobs("a", more: input))
        _ = try run(jobs("a", more: input), "--resume")
        #expect(log() == ["a"])
        try scratch.write("2", to: "input")
        _ = try run(jobs("a", more: input), "--resume")
        #expect(log() == ["a", "a"])
        _ = try run(jobs("a", more: input + ", grace: 1s"), "--resume")
        #expect(log().count == 3)

        let folder = try run(jobs("a", more: ", inputs: [/tmp, /no/such/file]"), "--resume")
        #expect(folder.status == .exited(2), "\(folder)")
        #expect(
            folder.text.contains("'/tmp' cannot be read as an input: Is a directory; name the files in it"), "\(folder)"
        )
        #expect(!folder.text.contains("/no/such"), "a job before may make it")

        func chain(_ files: String) throws -> String {
            try scratch.write(
                """
                - {name: one, command: [sh, -c, 'echo one >> "$0"', '\(scratch.file("log"))'], files: \(files)}
                - {name: two, command: [sh, -c, 'echo two >> "$0"', '\(scratch.file("log"))'], after: [one]}
                """, to: "chain.yaml")
        }
        _ = try run(chain("100"), "--resume")
        #expect(log().suffix(2) == ["one", "two"])
        _ = try run(chain("101"), "--resume")
        #expect(log().suffix(2) == ["one", "two"] && log().count == 7, "\(log())")
    }

    @Test func `what comes after a failure that is not tried again stays undone`() throws {
        let file = try scratch.write(
            """
            - {name: first, command: ['false']}
            - {name: then, command: ['true'], after: [first]}
            """, to: "jobs.yaml")
        #expect(try run(file).status == .exited(1))
        #expect(try run(file, "--resume").status == .exited(1))
        #expect(try records().map(\.outcome.kind) == [.exit, .cancelled])
        #expect(try records().last?.outcome.cause == JobID(1))
    }

    @Test func `a journal that is not ours to write is refused`() throws {
        _ = try run(jobs("a"))
        let before = contents(of: journal)
        let again = try run(jobs("a"))
        #expect(again.status == .exited(2) && again.text.contains("--resume takes it up"), "\(again)")
        #expect(contents(of: journal) == before && log() == ["a"])
        try scratch.write("{}\nsomething\n", to: "journal")
        let damaged = try run(jobs("a"), "--resume")
        #expect(
            damaged.status == .exited(2) && damaged.text.contains("journal:1: this is no line of a journal"),
            "\(damaged)")
        #expect(contents(of: journal) == "{}\nsomething\n")
        // A file that is missing is a run that has not begun.
        unlink(journal)
        #expect(try run(jobs("b"), "--resume").status == .exited(0))
        for (options, text) in [
            (["--journal", "-"], "'-' cannot be"), (["--resume"], "--resume: name the journal"),
            (["--journal", "j", "--rerun-failed"], "it goes with --resume"),
            (["--journal", "j", "--durability", "disk"], "expected process or sync"),
            (["--journal", scratch.file("jobs.yaml")], "is the job file itself"),
        ] {
            let bad = try Child.run([Programs.pool(), "run"] + options + [scratch.file("jobs.yaml")])
            #expect(bad.status == .exited(2) && bad.text.contains(text), "\(bad)")
        }
    }

    @Test(arguments: [#"{"a":1}"#, "no newline", "{}\n", "\n\nx", "{\"event\":\"begun\"}\nhalf"])
    func `a file that is no journal is left as it is`(text: String) throws {
        try scratch.write(text, to: "journal")
        for options in [[], ["--resume"]] {
            let finish = try Child.run(arguments(jobs("a"), options))
            #expect(finish.status == .exited(2) && finish.text.contains("this is no line of a journal"), "\(finish)")
            #expect(contents(of: journal) == text && !exists(journal + ".1") && log().isEmpty)
        }
    }

    @Test func `a job that does the same under another name keeps its result, one that writes elsewhere does not`()
        throws
    {
        func job(_ name: String, _ target: String) throws -> String {
            try scratch.write(
                "- {name: \(name), command: [echo, x], stdout: {file: '\(scratch.file(target))'}, category: \(name)}\n",
                to: "one.yaml")
        }
        _ = try run(job("old", "out"))
        unlink(scratch.file("out"))
        _ = try run(job("new", "out"), "--resume")
        #expect(!exists(scratch.file("out")))
        #expect(try records().map { [$0.name, $0.category] } == [["new", "new"]])
        _ = try run(job("new", "elsewhere"), "--resume")
        #expect(contents(of: scratch.file("elsewhere")) == "x\n")
    }

    @Test func `a failure before keeps what comes after from running, whatever else runs again`() throws {
        func file(_ limit: Int) throws -> String {
            try scratch.write(
                """
                - {name: fails, command: ['false']}
                - {name: changes, command: ['true'], files: \(limit)}
                - {name: last, command: [sh, -c, 'echo last >> "$0"', '\(scratch.file("log"))'], after: [fails, changes]}
                """, to: "after.yaml")
        }
        _ = try run(file(100))
        _ = try run(file(101), "--resume")
        #expect(log().isEmpty)
        #expect(try records().sorted { $0.id < $1.id }.map(\.outcome.kind) == [.exit, .ok, .cancelled])
    }

    @Test func `a copy of a journal does not end the run that writes it`() throws {
        let mailbox = try Mailbox()
        let file = try scratch.write(
            "- {name: a, command: [sh, -c, 'echo $$ > \"$0\"; exec sleep 1h', '\(mailbox.path)']}\n", to: "long.yaml")
        let first = try Child(arguments(file, []))
        let job = try #require(Int32(try mailbox.nextLine()))
        try scratch.write(try #require(contents(of: journal)), to: "copy")
        let second = try Child.run([
            Programs.pool(), "run", "--cgroup", tree, "--journal", scratch.file("copy"), "--resume", file,
        ])
        #expect(second.status == .exited(125) && second.text.contains("still runs: this is a copy"), "\(second)")
        #expect(Processes.isAlive(job) && Processes.isAlive(first.pid))
        first.signal(SIGTERM)
        _ = try first.waitForExit()
        try CgroupTree.waitUntilChildless(tree)
    }

    @Test func `a run that could not begin leaves no journal that would be in the way`() throws {
        let bad = try Child.run([
            Programs.pool(), "run", "--no-learn", "--cgroup", tree, "--journal", journal, "--json", "/no/such/folder/r",
            jobs("a"),
        ])
        #expect(bad.status == .exited(2) && log().isEmpty, "\(bad)")
        #expect(try run(jobs("a")).status == .exited(0))
        #expect(log() == ["a"])
    }

    /// Somebody freezes its cgroup for a moment.
    @Test func `figures that are not clean are shown, and with --require-clean a failure`() throws {
        let freezing = """
            - name: frozen
              command:
                - sh
                - -c
                - |
                  leaf=$(dirname "$(findmnt -rn -t cgroup2 -o TARGET | head -n 1)/x")$(sed -n 's/^0:://p' /proc/self/cgroup)
                  (echo 1 > "$leaf/cgroup.freeze") & sleep 1h
            """
        let file = try scratch.write(freezing, to: "freezing.yaml")
        let child = try Child(arguments(file, ["--require-clean"]))
        // The leaf freezes itself; this thaws it, and lets it end.
        let deadline = Patience.Deadline()
        while true {
            try #require(deadline.milliseconds > 0, "it is never frozen")
            let leaves = CgroupTree.children(of: tree).flatMap { pool in
                CgroupTree.children(of: "\(tree)/\(pool)").map { "\(tree)/\(pool)/\($0)" }
            }
            if let leaf = leaves.first(where: { CgroupTree.number("frozen", in: $0 + "/cgroup.events") == 1 }) {
                CgroupTree.write("0", to: leaf + "/cgroup.freeze")
                CgroupTree.write("1", to: leaf + "/cgroup.kill")
                break
            }
            usleep(10_000)
        }
        let finish = try child.wait()
        #expect(finish.status == .exited(1) && finish.text.contains("1 of 1 have no clean figures"), "\(finish)")
        #expect(finish.stdout.contains("| invalid"), "\(finish.stdout)")
        #expect(try records().first?.validity?.reasons == ["it was frozen"])
        let clean = try Child.run([
            Programs.pool(), "run", "--quiet", "--no-learn", "--cgroup", tree, "--require-clean", jobs("a"),
        ])
        // Without the memory controller nobody can tell.
        let tells = CgroupTree.words(of: tree + "/cgroup.controllers").contains("memory")
        #expect(clean.status == .exited(tells ? 0 : 1) && !clean.stdout.contains("validity"), "\(clean)")
    }

    @Test func `two runs on one journal are refused`() throws {
        let mailbox = try Mailbox()
        let file = try scratch.write(
            "- {name: a, command: [sh, -c, 'echo up > \"$0\"; exec sleep 1h', '\(mailbox.path)']}\n", to: "long.yaml")
        let first = try Child(arguments(file, []))
        _ = try mailbox.nextLine()
        let second = try run(jobs("b"), "--resume")
        #expect(second.status == .exited(125) && second.text.contains("Another run writes to it"), "\(second)")
        first.signal(SIGKILL)
        _ = try first.waitForExit()
        try CgroupTree.waitUntilChildless(tree)
    }

    /// The keeper is killed as well: the next run has to do its work.
    @Test func `what a dead pool left is gone before the new one starts`() throws {
        func job(_ mailbox: Mailbox) throws -> String {
            try scratch.write(
                "- {name: long, command: [sh, -c, 'echo $$ > \"$0\"; exec sleep 1h', '\(mailbox.path)']}\n",
                to: "long.yaml")
        }
        let (one, two) = (try Mailbox(), try Mailbox())
        let first = try Child(arguments(job(one), []))
        let held = try #require(Int32(try one.nextLine()))
        for keeper in Processes.children(of: first.pid) where keeper != held { kill(keeper, SIGSTOP) }
        first.signal(SIGKILL)
        _ = try first.waitForExit()
        #expect(Processes.isAlive(held) && CgroupTree.children(of: tree).count == 1)
        let left = try #require(CgroupTree.children(of: tree).first)
        let second = try Child(arguments(job(two), ["--resume"]))
        _ = try two.nextLine()
        #expect(!Processes.isAlive(held) && !CgroupTree.children(of: tree).contains(left))
        second.signal(SIGTERM)
        #expect(try second.waitForExit().status == .exited(130))
        try CgroupTree.waitUntilChildless(tree)
    }
}

extension Child.Finish {
    fileprivate var text: String { stdout + stderr }
}
