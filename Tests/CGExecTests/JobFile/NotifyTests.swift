import CGExec
import Foundation
import Testing

@testable import cgexec_pool

/// `--notify`: when, how, and what is said.
@Suite struct NotifyTests {
    @Test func `rules`() throws {
        #expect(
            try NotifyRule(parsing: "finish,failure,every:30m,stuck:10m=mail:me@example.org")
                == rule([.finish, .failure, .every(.seconds(1800)), .stuck(.seconds(600))], .mail("me@example.org")))
        #expect(
            try NotifyRule(parsing: "finish=https://example.org/hook?a=b")
                == rule([.finish], .webhook("https://example.org/hook?a=b")))
        #expect(try NotifyRule(parsing: "failure=./tell --loud") == rule([.failure], .command("./tell --loud")))
    }

    private func rule(_ occasions: [NotifyRule.Occasion], _ way: NotifyRule.Way) throws -> NotifyRule {
        var rule = try NotifyRule(parsing: "finish=true")
        (rule.occasions, rule.way) = (occasions, way)
        return rule
    }

    @Test(arguments: [
        ("finish", "WHEN=HOW"), ("=x", "expected finish"), ("never=x", "expected finish"),
        ("every=x", "expected finish"),
        ("every:0=x", "1 s or more"), ("stuck:1parsec=x", "parsec"), ("finish= ", "mail:ADDRESS"),
        ("finish=mail:", "one address"), ("finish=mail:-oQ/tmp", "one address"),
        ("finish=mail:a@b, c@d", "one address"),
        ("finish=mail:a@b\nBcc: c@d", "one address"), ("finish=http://a/\"", "without blanks"),
        ("finish=ftp://a", "with http:// or https://"),
    ])
    func `what is no rule is refused`(_ text: String, _ message: String) {
        let error = #expect(throws: ValueError.self) { try NotifyRule(parsing: text) }
        #expect(error.map { "\($0)".contains(message) } == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test func `rules of a job file`() throws {
        let file = try reading("{pool: {notify: [finish=true, 'failure=mail:a@b']}, jobs: [{command: [p]}]}").checked()
        #expect(file.notify.map(\.way) == [.command("true"), .mail("a@b")])
        #expect(problems("{pool: {notify: sometimes}, jobs: [{command: [p]}]}").first?.contains("WHEN=HOW") == true)
    }

    private var news: RunNews {
        RunNews(
            event: "finish", text: "jobs.yaml: finished", host: "h", file: "jobs.yaml", seconds: 1.5, jobs: 2, done: 2,
            running: 0, outcomes: ["ok": 1, "exit": 1],
            failures: [.init(name: "a\nSubject: evil", outcome: "exit 1", message: nil)])
    }

    @Test func `a mail has its headers, an empty line and a text`() {
        let mail = news.mail(to: "me@example.org")
        let parts = mail.split(separator: "\n\n", maxSplits: 1)
        let headers = parts[0].split(separator: "\n").map { $0.prefix { $0 != ":" } }
        #expect(
            headers == [
                "To", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
            ])
        #expect(parts[1].contains("exit: 1\nok: 1\n") && parts[1].contains("a\u{FFFD}Subject: evil: exit 1"))
    }

    @Test func `a subject of other letters is encoded, in short words`() {
        var news = news
        news.text = String(repeating: "größer 漢字 ", count: 12)
        let mail = news.mail(to: "me@example.org")
        let subject = mail.split(separator: "\n").drop { !$0.hasPrefix("Subject:") }
        let lines = subject.prefix(1) + subject.dropFirst().prefix { $0.hasPrefix(" ") }
        #expect(lines.count > 1 && lines.allSatisfy { $0.utf8.count <= 85 && $0.utf8.allSatisfy { $0 < 0x80 } })
        let words = lines.joined().matches(of: #/=\?utf-8\?B\?([^?]*)\?=/#)
        let decoded = words.compactMap { Data(base64Encoded: String($0.output.1)) }.reduce(Data(), +)
        #expect(String(decoding: decoded, as: UTF8.self) == news.text)
    }

    @Test func `an address is no argument that everybody can read, and JSON arrives as it is`() throws {
        let process = NotifyRule.Way.webhook("https://example.org/secret").process(for: news, patience: .seconds(1))
        #expect(!process.command.joined().contains("secret"))
        #expect(process.input.hasPrefix("url = \"https://example.org/secret\"\n"))
        let line = try #require(process.input.split(separator: "\n").last)
        let data = line.dropFirst("data = \"".count).dropLast()
        let unquoted = data.replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
        #expect(try JSONDecoder().decode(RunNews.self, from: Data(unquoted.utf8)) == news)
    }
}
