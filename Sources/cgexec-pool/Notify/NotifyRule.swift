import CGExec

/// When somebody is told of a run, and how: `finish,stuck:10m=mail:me@example.org`.
struct NotifyRule: Sendable, Hashable {
    /// When.
    enum Occasion: Sendable, Hashable {
        /// The run is over.
        case finish
        /// The first job failed for good.
        case failure
        /// Again and again.
        case every(Duration)
        /// For so long nothing has started or ended.
        case stuck(Duration)
    }

    /// How.
    enum Way: Sendable, Hashable {
        /// By the system's sendmail, to this address.
        case mail(String)
        /// By a POST of JSON to this address.
        case webhook(String)
        /// By a command for the shell, which reads the JSON.
        case command(String)
    }

    var occasions: [Occasion]
    var way: Way

    /// - Throws: `ValueError` with the form that is meant.
    init(parsing text: String) throws(ValueError) {
        guard let equals = text.firstIndex(of: "=") else {
            throw ValueError(text, expected: "WHEN=HOW, such as finish,failure=mail:me@example.org")
        }
        var occasions: [Occasion] = []
        for word in text[..<equals].split(separator: ",", omittingEmptySubsequences: false) {
            occasions.append(try Self.occasion(String(word)))
        }
        self.occasions = occasions
        way = try Self.way(String(text[text.index(after: equals)...]))
    }

    private static func occasion(_ text: String) throws(ValueError) -> Occasion {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        switch parts.first {
        case "finish" where parts.count == 1: return .finish
        case "failure" where parts.count == 1: return .failure
        case "every" where parts.count == 2, "stuck" where parts.count == 2:
            let time = try Duration(parsing: parts[1])
            // A mail a second helps nobody.
            guard time >= .seconds(1) else { throw ValueError(parts[1], expected: "a time of 1 s or more") }
            return parts[0] == "every" ? .every(time) : .stuck(time)
        default: throw ValueError(text, expected: "finish, failure, every:TIME or stuck:TIME")
        }
    }

    private static func way(_ text: String) throws(ValueError) -> Way {
        if text.hasPrefix("http://") || text.hasPrefix("https://") {
            guard
                text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
            else { throw ValueError(text, expected: "an address without blanks, quotes and backslashes") }
            return .webhook(text)
        }
        guard !text.contains(/^[a-z]+:\/\//) else {
            throw ValueError(text, expected: "an address with http:// or https://")
        }
        guard text.hasPrefix("mail:") else {
            guard text.contains(where: { !$0.isWhitespace }) else {
                throw ValueError(text, expected: "mail:ADDRESS, http(s)://ADDRESS, or a command for the shell")
            }
            return .command(text)
        }
        let address = String(text.dropFirst("mail:".count))
        // It stands in a header of the message and in an argument: nothing may end the one or begin another option.
        guard address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") }), !address.isEmpty,
            !address.hasPrefix("-")
        else { throw ValueError(text, expected: "mail: and one address") }
        return .mail(address)
    }
}
