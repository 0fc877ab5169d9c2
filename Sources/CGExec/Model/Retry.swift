/// Whether and when a job that failed is tried again.
public struct Retry: Sendable, Hashable {
    /// How many tries beyond the first.
    public var limit: Int
    /// The ends after which there is another try, any of them; none means `failure`.
    public var rules: [Rule]
    /// The wait before the first of these tries; each later one waits twice as long, up to a minute.
    public var backOff: Duration

    /// Another try, up to `limit` times, after any of these ends.
    public init(_ limit: Int, on rules: [Rule] = [], backOff: Duration = .zero) {
        self.limit = limit
        self.rules = rules
        self.backOff = backOff
    }

    /// Whether there is another try after this outcome, as far as it tells.
    func matches(_ outcome: Outcome) -> Bool {
        rules.isEmpty ? Rule.failure.matches(outcome) : rules.contains { $0.matches(outcome) }
    }

    /// A class of ends.
    public enum Rule: Sendable, Hashable {
        /// Any failure of the program or its start, and any time limit; not memory, which a second try needs as well.
        case failure
        /// The exit status.
        case code(Int)
        /// The signal that ended the program.
        case signal(Int)
        /// A limit of wall or CPU time.
        case timeout
        /// Its memory limit.
        case memory
        /// A regular expression found in its standard error, which must be captured.
        case stderr(String)

        /// Reads `failure`, `code:75`, `signal:SEGV`, `timeout`, `memory` or `stderr:/expression/`.
        /// - Throws: `ValueError` for anything else.
        public init(parsing text: String) throws(ValueError) {
            let error = ValueError(
                text, expected: "failure, code:75, signal:SEGV, timeout, memory or stderr:/expression/")
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            switch (parts[0], parts.count == 2 ? parts[1] : nil) {
            case ("failure", nil): self = .failure
            case ("timeout", nil): self = .timeout
            case ("memory", nil): self = .memory
            case ("code", let number?):
                guard let code = Int(number), (1...255).contains(code) else { throw error }
                self = .code(code)
            case ("signal", let name?):
                guard let number = SignalName.number(name) else { throw error }
                self = .signal(number)
            case ("stderr", let pattern?):
                guard pattern.count > 2, pattern.hasPrefix("/"), pattern.hasSuffix("/") else { throw error }
                let expression = String(pattern.dropFirst().dropLast())
                guard (try? Regex(expression)) != nil else {
                    throw ValueError(text, expected: "a regular expression between slashes")
                }
                self = .stderr(expression)
            default: throw error
            }
        }

        /// Whether the outcome is one of this class; for `stderr`, the text decides.
        func matches(_ outcome: Outcome) -> Bool {
            switch (self, outcome.kind) {
            case (.failure, .exit), (.failure, .signal), (.failure, .timeout), (.failure, .cpuTimeout),
                (.failure, .output), (.failure, .pids), (.failure, .lost), (.failure, .launchError):
                true
            case (.code(let code), .exit): outcome.code == code
            case (.signal(let number), .signal): outcome.signal == number
            case (.timeout, .timeout), (.timeout, .cpuTimeout), (.memory, .memory): true
            default: false
            }
        }

        /// Whether the expression of a `stderr` rule is found in what was captured.
        func matches(stderr text: String?) -> Bool {
            guard case .stderr(let expression) = self, let text, let regex = try? Regex(expression) else {
                return false
            }
            return text.contains(regex)
        }
    }
}

/// The signals by their names, as `kill -l` lists them.
enum SignalName {
    private static let names = [
        "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10,
        "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "XCPU": 24, "XFSZ": 25, "SYS": 31,
    ]

    /// The number of a signal given as `SEGV`, `SIGSEGV` or `11`.
    static func number(_ text: String) -> Int? {
        if let number = Int(text) { return (1...64).contains(number) ? number : nil }
        return names[text.hasPrefix("SIG") ? String(text.dropFirst(3)) : text]
    }
}
