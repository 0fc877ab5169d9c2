import CGExec
import FoundationEssentials

/// What somebody is told of a run: JSON, in which `text` says it for people.
struct RunNews: Codable, Hashable {
    /// Why it is told: `finish`, `failure`, `every` or `stuck`.
    var event: String
    var text: String
    var host: String
    /// The job file.
    var file: String
    /// Since the run began.
    var seconds: Double
    var jobs: Int
    var done: Int
    var running: Int
    /// How many jobs ended in which way.
    var outcomes: [String: Int]
    /// The first that failed.
    var failures: [Failure]

    struct Failure: Codable, Hashable {
        var name: String
        var outcome: String
        var message: String?
    }

    /// One line.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Cannot fail: texts, finite numbers and lists of them.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// A message as sendmail takes it (RFC 5322). What machines send says so, that none answers (RFC 3834).
    func mail(to address: String) -> String {
        let head = [
            "To: \(address)", "Subject: \(Self.header(text))", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "",
        ]
        var body = [text, ""] + outcomes.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        if !failures.isEmpty { body += ["", "Failed:"] }
        body += failures.map { "  \($0.name): \($0.outcome)\($0.message.map { ", \($0)" } ?? "")" }
        body += ["", "\(file) on \(host), after \(Duration.seconds(seconds).forPeople)", ""]
        return (head + body.map(\.harmless)).joined(separator: "\n")
    }

    /// A header's text: other than ASCII stands in encoded words, of which each has 75 characters at most (RFC 2047).
    private static func header(_ text: String) -> String {
        let text = text.harmless
        guard !text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) || text.utf8.count > 200 else { return text }
        var words: [[UInt8]] = [[]]
        for character in text.prefix(200) {
            let bytes = Array(String(character).utf8)
            if words[words.count - 1].count + bytes.count > 42, !words[words.count - 1].isEmpty { words.append([]) }
            words[words.count - 1] += bytes
        }
        return words.map { "=?utf-8?B?\(Data($0).base64EncodedString())?=" }.joined(separator: "\n ")
    }
}
