/// A text with placeholders, taken apart once, so that what a placeholder brings in is never looked at again: a file
/// name with braces in it stays that file name.
///
/// - `{word}` and `{word.stem}`, `.name`, `.dir`, `.ext` are placeholders, where word is made of letters, digits and `_`.
///   The word must be a variable of the job's sweep or a built-in: a misspelt one that went through as plain text would
///   start the wrong program a thousand times. Whether it is one does not depend on the sweep, so adding a variable
///   never changes what the rest of the text means.
/// - Around a placeholder a doubled brace stands for one brace: `{{x}}` is the text `{x}`, `{{{x}}}` the value in braces.
/// - Right after `$` nothing is a placeholder: `${HOME}` and `${name}` belong to the shell.
/// - All else stays as it is: `{print $1}`, `{}`, `{1..9}`, `{a,b}`, `{ x }`, `{{.Name}}`, JSON.
struct Template: Hashable, Sendable {
    /// What a placeholder takes of its variable.
    enum Part: String, Hashable, Sendable, CaseIterable {
        case stem, name, dir, ext
    }

    enum BuiltIn: String, Hashable, Sendable, CaseIterable {
        case name, seq, slot, attempt
        case repetition = "repeat"

        /// Known only when an attempt starts.
        var isLate: Bool { [.slot, .attempt, .repetition].contains(self) }
    }

    /// The inside of a pair of braces.
    struct Reference: Hashable, Sendable, CustomStringConvertible {
        var word: String
        /// What follows the dot; a part, or a word that may turn out to be plain text, as in `{foo.bar}`.
        var member: String?

        var part: Part? { member.flatMap(Part.init(rawValue:)) }
        var builtIn: BuiltIn? { member == nil ? BuiltIn(rawValue: word) : nil }
        var description: String { "{\(word)\(member.map { ".\($0)" } ?? "")}" }
    }

    enum Segment: Hashable, Sendable {
        case literal(String)
        case reference(Reference)
    }

    private(set) var segments: [Segment] = []

    init(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.contains(UInt8(ascii: "{")) else {
            segments = [.literal(text)]
            return
        }
        var literal: [UInt8] = []
        var next = 0
        while next < bytes.count {
            guard bytes[next] == UInt8(ascii: "{") else {
                literal.append(bytes[next])
                next += 1
                continue
            }
            let opening = bytes[next...].prefix { $0 == UInt8(ascii: "{") }.count
            guard next == 0 || bytes[next - 1] != UInt8(ascii: "$"),
                let (reference, end) = Self.reference(in: bytes, at: next + opening)
            else {
                literal += bytes[next..<(next + opening)]
                next += opening
                continue
            }
            let closing = bytes[end...].prefix { $0 == UInt8(ascii: "}") }.count
            let pairs = min(opening, closing)
            if pairs > 1, reference.member != nil, reference.part == nil {
                literal += bytes[next..<end]
                next = end
                continue
            }
            literal += Array(repeating: UInt8(ascii: "{"), count: opening - pairs + pairs / 2)
            if pairs % 2 == 1 {
                close(&literal)
                segments.append(.reference(reference))
            } else {
                literal += bytes[(next + opening)..<end]
            }
            literal += Array(repeating: UInt8(ascii: "}"), count: pairs / 2)
            next = end + pairs
        }
        close(&literal)
    }

    private mutating func close(_ literal: inout [UInt8]) {
        guard !literal.isEmpty else { return }
        segments.append(.literal(String(decoding: literal, as: UTF8.self)))
        literal = []
    }

    /// `word` or `word.member` at `start` with a closing brace behind, which is at `end`.
    private static func reference(in bytes: [UInt8], at start: Int) -> (Reference, end: Int)? {
        guard let (word, afterWord) = identifier(in: bytes, at: start), afterWord < bytes.count else { return nil }
        var reference = Reference(word: word)
        var end = afterWord
        if bytes[end] == UInt8(ascii: "."), let (member, afterMember) = identifier(in: bytes, at: end + 1) {
            reference.member = member
            end = afterMember
        }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "}") else { return nil }
        return (reference, end)
    }

    private static func identifier(in bytes: [UInt8], at start: Int) -> (String, end: Int)? {
        var end = start
        while end < bytes.count, isWordByte(bytes[end], first: end == start) { end += 1 }
        guard end > start else { return nil }
        return (String(decoding: bytes[start..<end], as: UTF8.self), end)
    }

    private static func isWordByte(_ byte: UInt8, first: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): !first
        default: false
        }
    }

    /// Whether the text can be a variable's name.
    static func isIdentifier(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let (_, end) = identifier(in: bytes, at: 0) else { return false }
        return end == bytes.count
    }

    var references: [Reference] {
        segments.compactMap { segment in
            if case .reference(let reference) = segment { reference } else { nil }
        }
    }

    /// Whether the whole text is known only when an attempt starts.
    var isLate: Bool { references.contains { $0.builtIn?.isLate == true } }
}
