import CGExec
import Foundation
import Testing

@testable import cgexec_pool

/// docs/job-files.md must say what is true.
@Suite struct DocumentationTests {
    private func blocks(_ language: String) throws -> [String] {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/job-files.md")
        let text = try String(contentsOf: page.standardizedFileURL, encoding: .utf8)
        return text.components(separatedBy: "```").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
            .filter { $0.hasPrefix("\(language)\n") }.map { String($0.dropFirst(language.count + 1)) }
    }

    @Test func `the complete example is read as the page says`() throws {
        let example = try #require(try blocks("yaml").first)
        let file = try reading(example, paths: ["data/*.txt": ["data/a.txt", "data/b.txt"]]).checked()
        #expect(file.jobs.count == 9 * 2 + 1 + 30)
        #expect(file.pool == PoolConfiguration(budget: .gib(8), affinity: .core))

        let first = try #require(file.jobs.first).job
        var limits = Limits(memory: .mib(512), pids: 64, timeout: .minutes(5))
        #expect(
            first
                == Job(
                    "xz-1-a", ["xz", "-1", "--keep", "--stdout", "data/a.txt"], limits: limits, category: "xz",
                    size: 1,
                    environment: ["LC_ALL": "C"], stdout: .file("out/a-1.xz"), description: "xz -1 on a.txt",
                    params: ["level": "1", "file": "data/a.txt"]))

        limits.memory = .gib(1)
        #expect(
            file.jobs[18].job
                == Job(
                    "words", ["/bin/sh", "-c", "sort data/*.txt | uniq -c | awk '{print $1}' | head -n \"$LINES\""],
                    limits: limits,
                    environment: ["LC_ALL": "C", "LINES": "20"], stdout: .capture(.mib(1)), stderr: .stdout))

        let last = try #require(file.jobs.last)
        #expect(last.job.name == "train-49")
        #expect(
            last.job(slot: 2, attempt: 1).command == [
                "./train", "--threads", "4", "--seed", "10", "--scratch", "/tmp/slot2",
            ])
        #expect(last.job.limits.io.map(\.device) == ["/dev/sda", "/dev/sdb"])
    }

    @Test func `the problems shown are those one gets`() throws {
        let shown = try #require(try blocks("").first)
        let text = """
            pool:
              jobs: auto
              budget: 8GiB


            defaults:
              memory:  512MX



            jobs:
              - comand: [a]
            """
        let found = Problems(file: "jobs.yaml", reading(text).problems).description.split(separator: "\n")
        for line in shown.split(separator: "\n").dropLast() {
            // The line and column of the page belong to a file that is not shown.
            let message = line.split(separator: " ", maxSplits: 1)[1]
            #expect(found.contains { $0.hasSuffix(message) }, "\(message)")
        }
    }

    @Test func `every limit is named`() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/job-files.md")
        let text = try String(contentsOf: page.standardizedFileURL, encoding: .utf8)
        for option in LimitOption.all { #expect(text.contains("`\(option.name)`"), "\(option.name)") }
    }
}
