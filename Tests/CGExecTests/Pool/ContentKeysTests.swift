import Support
import Testing

@testable import CGExec

/// What makes a job the same in two runs.
@Suite struct ContentKeysTests {
    private let scratch: ScratchDirectory
    private let job: Job

    init() throws {
        scratch = try ScratchDirectory()
        try scratch.write("one", to: "input")
        try scratch.write("#!/bin/sh\n", to: "program", mode: 0o755)
        var job = Job("a", [scratch.file("program"), "x"], limits: Limits(memory: .mib(64)))
        job.inputs = [scratch.file("input")]
        self.job = job
    }

    @Test func `name, place and order make no difference`() {
        var other = job
        other.name = "b"
        other.category = "c"
        other.priority = 7
        #expect(ContentKeys().key(of: job) == ContentKeys().key(of: other))
    }

    @Test(
        arguments: [
            { $0.command.append("y") }, { $0.environment["A"] = "1" }, { $0.limits.memory = .mib(65) },
            { $0.limits.timeout = .seconds(1) }, { $0.directory = "/" }, { $0.stdin = .file("/etc/hostname") },
            { $0.stdout = .discard }, { $0.stderr = .file("e") }, { $0.fallback = ["true"] }, { $0.inputs = [] },
            { $0.inputs.append("/etc/hostname") },
        ] as [@Sendable (inout Job) -> Void])
    func `what it does makes one`(change: @Sendable (inout Job) -> Void) {
        var other = job
        change(&other)
        #expect(ContentKeys().key(of: job) != ContentKeys().key(of: other))
    }

    @Test(arguments: ["input", "program"]) func `so do the contents of its files`(name: String) throws {
        let before = ContentKeys().key(of: job)
        let keys = ContentKeys()
        #expect(keys.key(of: job) == before)
        try scratch.write("#!/bin/sh\necho changed\n", to: name, mode: 0o755)
        #expect(keys.key(of: job) != before, "also where it was read before")
    }

    @Test func `a program is looked for where it would be started`() throws {
        var relative = Job("r", ["./program"])
        relative.directory = scratch.path
        let before = ContentKeys().key(of: relative)
        try scratch.write("#!/bin/sh\nexit 1\n", to: "program", mode: 0o755)
        #expect(ContentKeys().key(of: relative) != before)
        var found = Job("f", ["program"])
        found.environment["PATH"] = scratch.path
        let key = ContentKeys().key(of: found)
        try scratch.write("#!/bin/sh\nexit 2\n", to: "program", mode: 0o755)
        #expect(ContentKeys().key(of: found) != key)
    }
}
