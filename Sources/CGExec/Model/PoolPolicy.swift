/// Whether memory may be promised twice.
public enum Mode: String, Sendable, Hashable, Codable, CaseIterable {
    /// The sum of all limits stays within the budget: no job can take another's memory, and nothing is ever ended for a
    /// neighbour.
    case strict
    /// The sum of what jobs are expected to need does; where that was too little, some are taken back and run later,
    /// beside fewer others.
    case packed

    /// Reads `strict` or `packed`.
    /// - Throws: `ValueError` for anything else.
    public init(parsing text: String) throws(ValueError) {
        guard let value = Mode(rawValue: text) else { throw ValueError(text, expected: "strict or packed") }
        self = value
    }
}

/// What becomes of jobs that would fail as another of their category did: those at least as heavy, with no larger limit.
public enum Chains: String, Sendable, Hashable, Codable, CaseIterable {
    /// They are ended, or never started.
    case on
    /// Nothing.
    case off
    /// Nothing, but their records say what would have been.
    case report

    /// Reads `on`, `off` or `report`.
    /// - Throws: `ValueError` for anything else.
    public init(parsing text: String) throws(ValueError) {
        guard let value = Chains(rawValue: text) else { throw ValueError(text, expected: "on, off or report") }
        self = value
    }
}

/// When failures end everything.
public struct Halt: Sendable, Hashable {
    /// What is done.
    public var when: When
    /// How many failures it takes.
    public var extent: Extent

    /// What is done.
    public enum When: String, Sendable, Hashable {
        /// What runs is ended, and nothing else starts.
        case now
        /// What runs may finish; nothing else starts.
        case soon
    }

    /// How many failures it takes.
    public enum Extent: Sendable, Hashable {
        /// So many.
        case failures(Int)
        /// So large a part of the jobs that are over, once those are three: the first failure would be all of them (GNU
        /// parallel, `--halt`).
        case fraction(Double)
    }

    /// Halts in this way after so many failures.
    public init(_ when: When, after extent: Extent) {
        self.when = when
        self.extent = extent
    }

    /// Reads `now,fail=1` or `soon,fail=20%`.
    /// - Throws: `ValueError` for anything else.
    public init(parsing text: String) throws(ValueError) {
        let error = ValueError(text, expected: "now,fail=N or soon,fail=N%, as in now,fail=1")
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 2, let when = When(rawValue: String(parts[0])), parts[1].hasPrefix("fail=") else {
            throw error
        }
        let amount = String(parts[1].dropFirst(5))
        if let (number, suffix) = splitNumber(amount), suffix == "%", number > 0, number <= 100 {
            self.init(when, after: .fraction(number / 100))
        } else if let count = Int(amount), count > 0 {
            self.init(when, after: .failures(count))
        } else {
            throw error
        }
    }

    /// Whether it is to be done after so many failures among so many ended jobs.
    func isDue(failures: Int, ended: Int) -> Bool {
        switch extent {
        case .failures(let count): failures >= count
        case .fraction(let fraction): ended >= 3 && Double(failures) >= fraction * Double(ended)
        }
    }
}
