import CGExec
import Support
import Testing

/// README.md must say what is true.
@Suite struct ReadmeTests {
    private static let repository =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// The blocks of the README that are marked with `language`.
    private static func blocks(_ language: String) throws -> [String] {
        let readme = try #require(contents(of: repository + "/README.md"))
        return readme.split(separator: "```", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 && $0.element.hasPrefix("\(language)\n") }
            .map { String($0.element.dropFirst(language.count + 1)) }
    }

    // MARK: The commands

    @Test(.needs(.cgroup, .controller("memory")))
    func `its commands do what it shows`() throws {
        let place = try ScratchDirectory()
        try place.write(try #require(try Self.blocks("yaml").first), to: "jobs.yaml")
        let binaries = try Programs.pool().split(separator: "/").dropLast().joined(separator: "/")
        let blocks = try Self.blocks("console")
        #expect(blocks.count == 2)
        for block in blocks {
            let script = "cd '\(place.path)' || exit\nPATH='/\(binaries)':$PATH\n" + Self.script(block)
            let shown = Command(["/bin/sh", "-c", script]).run().output
            #expect(Self.withoutFigures(shown) == Self.withoutFigures(block))
        }
    }

    /// A script that prints the block's commands, each followed by what it writes. `$?` stays the one of the command
    /// before.
    private static func script(_ block: String) -> String {
        let say = "say() { status=$?; printf '$ %s\\n' \"$1\"; return $status; }\n"
        let commands = block.split(separator: "\n").filter { $0.hasPrefix("$ ") }.map { $0.dropFirst(2) }
        return say + commands.map { "say '\($0)'\n\($0)\n" }.joined()
    }

    /// The text with all numbers in its tables replaced, and the columns' widths that follow from them.
    private static func withoutFigures(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> Substring in
            guard line.hasPrefix("|") else { return line }
            return line.replacing(#/[0-9.]+/#, with: "0").replacing(#/ +/#, with: " ").replacing(#/-+/#, with: "-")
        }.joined(separator: "\n")
    }

    // MARK: The library

    @Test func `its Swift example is the one that is compiled here`() throws {
        let source = try #require(contents(of: Self.repository + "/Tests/CommandTests/ReadmeExample.swift"))
        let body = try #require(source.firstMatch(of: #/{\n(( {4}.*\n|\n)+) {4}return records\n}/#)).output.1
        let lines = body.split(separator: "\n", omittingEmptySubsequences: false).map { $0.dropFirst(4) }
        #expect(try Self.blocks("swift") == ["import CGExec\n\n" + lines.joined(separator: "\n")])
    }

    @Test(.needs(.cgroup, .controller("memory")))
    func `its Swift example works`() async throws {
        let records = try await readmeExample()
        #expect(records.map(\.name) == ["gzip -1", "gzip -6", "gzip -9"])
        for record in records {
            #expect(record.outcome == Outcome(.ok, code: 0) && record.enforcement["memory"] == .cgroup)
            #expect(record.usage?.cpuSeconds ?? 0 > 0)
        }
    }
}
