import CGExec
import Support
import Testing

@testable import pyexpool_steps

/// docs/from-pyexpool.md must say what is true.
@Suite(.scratchCgroup) struct PyExPoolTests {
    private static let repository =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    private static func page() throws -> String { try #require(contents(of: repository + "/docs/from-pyexpool.md")) }

    private func configuration() throws -> PoolConfiguration {
        PoolConfiguration(jobs: .count(2), cgroup: try ScratchCgroup.current().path)
    }

    @Test func `its Swift is what is run here`() throws {
        let source = try #require(contents(of: Self.repository + "/examples/pyexpool/Steps.swift"))
        let blocks = try Self.page().split(separator: "```swift\n").dropFirst().compactMap {
            $0.split(separator: "```", omittingEmptySubsequences: false).first
        }
        #expect(blocks.count == 3)
        for block in blocks {
            let lines = block.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                line.isEmpty ? "" : "        " + line
            }
            #expect(source.contains(lines.joined(separator: "\n")), "\(block)")
        }
    }

    @Test func `jobs and what follows them`() async throws {
        #expect(try await Steps.jobs(configuration()))
    }

    @Test func `tasks`() async throws {
        let counts = try await Steps.groups(configuration())
        #expect(counts.added == 2 && counts.done == 2 && counts.terminated == 0)
    }

    @Test func `results`() async throws {
        let tree = try await Steps.results(configuration())
        #expect(tree.hasPrefix("pool: 1 of 2 jobs did not succeed\n  fails (1): exit 1, after "))
    }

    @Test func `the program that runs them all`() throws {
        let steps = Command([try Programs.pyExPoolSteps(), try ScratchCgroup.current().path]).run()
        #expect(steps.status == 0)
        let lines = steps.output.split(separator: "\n")
        for line in ["sort starts, attempt 1", "sort: ok", "nothing had to be terminated: true", "all", "2 of 2 done"] {
            #expect(lines.contains { $0 == line }, "\(line): \(steps.output)")
        }
    }

    /// `Suite/test` in the page, where the test's words stand in backquotes in the source.
    @Test func `each test that it names is there`() throws {
        let folders = [
            "CGExecTests/Pool", "CGExecTests/Scheduler", "CommandTests", "KernelTests", "CGExecTests/Kernel",
            "CGExecTests/Topology",
        ]
        let sources = folders.flatMap { folder in
            entries(of: "\(Self.repository)/Tests/\(folder)").compactMap { name in
                contents(of: "\(Self.repository)/Tests/\(folder)/\(name)")
            }
        }
        let names = try Self.page().matches(of: #/“([^”]+)”/#).map { String($0.output.1) }
        #expect(names.count > 20)
        for name in names { #expect(sources.contains { $0.contains("`\(name)`") }, "\(name)") }
    }
}
