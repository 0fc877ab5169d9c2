import CGExec
import Foundation
import Testing

@testable import cgexec_pool

@Suite struct GlobTests {
    /// A directory with these files, removed afterwards.
    private func withFiles(_ names: [String], _ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "glob-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        for name in names { try Data().write(to: directory.appending(path: name)) }
        try body(directory.path)
    }

    @Test func `in the order of the bytes, without hidden files`() throws {
        try withFiles(["b.txt", "a.txt", "B.txt", "ä.txt", "10.txt", "9.txt", ".h.txt", "c.md", "{x}.txt", "a b.txt"]) {
            directory in
            let names = try Glob.paths(matching: "\(directory)/*.txt").map { FilePathParts($0).name }
            #expect(names == ["10.txt", "9.txt", "B.txt", "a b.txt", "a.txt", "b.txt", "{x}.txt", "ä.txt"])
            #expect(try Glob.paths(matching: "\(directory)/.h*").count == 1)
            #expect(try Glob.paths(matching: "\(directory)/[ab].txt").count == 2)
        }
    }

    @Test func `no match is an empty list`() throws {
        try withFiles([]) { directory in
            let paths = try Glob.paths(matching: "\(directory)/*")
            #expect(paths.isEmpty)
        }
    }

    @Test func `what would give a wrong list is refused`() throws {
        #expect(throws: Glob.Failure.self) { try Glob.paths(matching: "a/**/b") }
        #expect(throws: Glob.Failure.self) { try Glob.paths(matching: "/nosuch-directory/*") }
        try withFiles([]) { directory in
            let path = Array("\(directory)/x".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
            close(creat(path, 0o600))
            #expect(throws: Glob.Failure.self) { try Glob.paths(matching: "\(directory)/*") }
            unlink(path)
        }
    }

    @Test func `a file name with braces reaches the command as it is`() throws {
        try withFiles(["{slot}.txt", "{x}.txt"]) { directory in
            let text = "- {command: [p, '{x}', '{x.stem}', '{slot}'], sweep: {x: '\(directory)/*.txt'}}"
            let planned = try JobFile.read(text, name: "f.yaml").checked().jobs
            #expect(
                planned.map { $0.job(slot: 5, attempt: 1).command } == [
                    ["p", "\(directory)/{slot}.txt", "{slot}", "5"], ["p", "\(directory)/{x}.txt", "{x}", "5"],
                ])
        }
    }
}
