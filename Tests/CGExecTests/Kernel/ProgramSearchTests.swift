import Glibc
import Support
import Testing

@testable import CGExec

@Suite struct ProgramSearchTests {
    /// Asks for programs on a thread with a reactor; the answers in the order of the questions.
    private func find(_ questions: [[String]]) async throws -> [ProgramVersion?] {
        try await onOwnThread {
            let reactor = try Reactor()
            let threads = Threads()
            defer { threads.close() }
            let search = ProgramSearch(reactor: reactor, threads: threads)
            var answers: [Int: ProgramVersion?] = [:]
            for (number, candidates) in questions.enumerated() {
                search.find(candidates.map { Array($0.utf8) }) { answers[number] = $0 }
            }
            reactor.run { answers.count == questions.count }
            return questions.indices.map { answers[$0] ?? nil }
        }
    }

    private func find(_ candidates: String...) async throws -> ProgramVersion? {
        try await find([candidates])[0]
    }

    @Test func `the first that can be executed`() async throws {
        let scratch = try ScratchDirectory()
        let plain = try scratch.write("foobar", to: "plain")
        let script = try scratch.write("foobar", to: "script", mode: 0o755)
        try #require(mkfifo(scratch.file("pipe"), 0o755) == 0)
        let found = try await find("/nonexistent", plain, scratch.path, scratch.file("pipe"), script, "/bin/sh")
        #expect(found == ProgramVersion(path: script, digest: "85944171f73967e8"))
        #expect(try await find(plain, "") == nil)
    }

    @Test func `the contents count, not the name or the time`() async throws {
        let scratch = try ScratchDirectory()
        let one = try scratch.write("#!/bin/sh\n", to: "one", mode: 0o755)
        let other = try scratch.write("#!/bin/sh\n", to: "other", mode: 0o755)
        let before = try #require(try await find(one)).digest
        #expect(try await find(other)?.digest == before)
        try scratch.write("#!/bin/sh -e\n", to: "one", mode: 0o755)
        let after = try #require(try await find(one)).digest
        #expect(after != before)
    }

    @Test(.timeLimit(.minutes(1))) func `many jobs with one program cost one look, and many programs little`()
        async throws
    {
        let scratch = try ScratchDirectory()
        let program = try scratch.write(String(repeating: "x", count: 1 << 20), to: "program", mode: 0o755)
        let paths = (0..<500).map { scratch.file("\($0)") }
        for path in paths { try #require(symlink(program, path) == 0) }
        let all = try await find(Array(repeating: [program], count: 20_000) + paths.map { [$0] })
        #expect(Set(all.map(\.?.digest)).count == 1 && all.allSatisfy { $0 != nil })
        #expect(all.suffix(500).map(\.?.path) == paths)
    }
}
