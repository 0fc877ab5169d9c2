/// A set of CPU or memory node numbers, in the kernel's list format: `0-3,8,10-11`.
public struct CPUSet: Hashable, Sendable {
    /// Bit n of word n / 64 is member n; no trailing zero words, so that equal sets are equal values.
    private(set) var words: [UInt64] = []

    /// The empty set.
    public init() {}

    /// The set of these numbers.
    public init(_ members: some Sequence<Int>) {
        for member in members { insert(member) }
    }

    /// Numbers above this are refused when reading: the kernel's own largest CPU count is 8192.
    static let largest = 65_535

    /// Reads the kernel's list format; white space around it is ignored, an empty text is the empty set.
    /// - Throws: `ValueError` for anything else, such as a range that runs backwards.
    public init(parsing text: String) throws(ValueError) {
        let error = ValueError(text, expected: "a list of numbers and ranges such as 0-3,8")
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count <= 1 else { throw error }
        guard let list = words.first else { return }
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count <= 2, let first = Int(ends[0]), let last = Int(ends[ends.count - 1]),
                ends.allSatisfy({ $0.allSatisfy(\.isNumber) }), first <= last, last <= Self.largest
            else { throw error }
            for member in first...last { insert(member) }
        }
    }

    /// Adds a number.
    public mutating func insert(_ member: Int) {
        precondition(member >= 0 && member <= Self.largest, "CPU and node numbers are small and not negative")
        while words.count <= member / 64 { words.append(0) }
        words[member / 64] |= 1 << UInt64(member % 64)
    }

    /// Whether the number is a member.
    public func contains(_ member: Int) -> Bool {
        member >= 0 && member / 64 < words.count && words[member / 64] >> UInt64(member % 64) & 1 == 1
    }

    /// The members in ascending order.
    public var members: [Int] {
        var members: [Int] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                members.append(index * 64 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return members
    }

    /// The least so many members.
    public func prefix(_ count: Int) -> CPUSet {
        var result = CPUSet()
        var left = count
        for word in words where left > 0 {
            var taken = word
            // The highest first.
            while taken.nonzeroBitCount > left { taken &= ~(1 << UInt64(63 - taken.leadingZeroBitCount)) }
            left -= taken.nonzeroBitCount
            result.words.append(taken)
        }
        while result.words.last == 0 { result.words.removeLast() }
        return result
    }

    /// How many members there are.
    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Whether there is no member.
    public var isEmpty: Bool { words.isEmpty }

    /// The members of both sets.
    public func intersection(_ other: CPUSet) -> CPUSet {
        combined(with: other) { $0 & $1 }
    }

    /// The members that `other` does not have.
    public func subtracting(_ other: CPUSet) -> CPUSet {
        combined(with: other) { $0 & ~$1 }
    }

    /// The members of either set.
    public func union(_ other: CPUSet) -> CPUSet {
        combined(with: other) { $0 | $1 }
    }

    /// Whether every member is also one of `other`.
    public func isSubset(of other: CPUSet) -> Bool {
        guard words.count <= other.words.count else { return false }
        for index in words.indices where words[index] & ~other.words[index] != 0 { return false }
        return true
    }

    /// Whether no member is one of `other`.
    public func isDisjoint(with other: CPUSet) -> Bool {
        for index in 0..<min(words.count, other.words.count) where words[index] & other.words[index] != 0 {
            return false
        }
        return true
    }

    /// How many members are also in `other`.
    func count(in other: CPUSet) -> Int {
        var count = 0
        for index in 0..<min(words.count, other.words.count) {
            count += (words[index] & other.words[index]).nonzeroBitCount
        }
        return count
    }

    /// Adds the members of another set.
    public mutating func formUnion(_ other: CPUSet) {
        for (index, word) in other.words.enumerated() {
            if index < words.count { words[index] |= word } else { words.append(word) }
        }
    }

    /// Takes the members of another set away.
    public mutating func subtract(_ other: CPUSet) {
        for index in 0..<min(words.count, other.words.count) { words[index] &= ~other.words[index] }
        while words.last == 0 { words.removeLast() }
    }

    /// The least member; nil when there is none.
    public var first: Int? {
        words.firstIndex { $0 != 0 }.map { $0 * 64 + words[$0].trailingZeroBitCount }
    }

    private func combined(with other: CPUSet, _ operation: (UInt64, UInt64) -> UInt64) -> CPUSet {
        var result = CPUSet()
        result.words = (0..<max(words.count, other.words.count)).map { word in
            operation(word < words.count ? words[word] : 0, word < other.words.count ? other.words[word] : 0)
        }
        while result.words.last == 0 { result.words.removeLast() }
        return result
    }
}

extension CPUSet: CustomStringConvertible {
    /// The kernel's list format.
    public var description: String {
        var parts: [String] = []
        var run: (first: Int, last: Int)?
        func close() {
            if let run { parts.append(run.first == run.last ? "\(run.first)" : "\(run.first)-\(run.last)") }
        }
        for member in members {
            if let open = run, open.last + 1 == member {
                run = (open.first, member)
            } else {
                close()
                run = (member, member)
            }
        }
        close()
        return parts.joined(separator: ",")
    }
}

extension CPUSet: Codable {
    /// Reads the value as it stands in JSON.
    public init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the value as it stands in JSON.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
