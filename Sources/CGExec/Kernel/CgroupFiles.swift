/// The formats of cgroup files, cgroup-v2.rst "Format". Values that are missing or not numbers stay missing.
///
/// A pool reads a dozen of these files for each job and wants a few words of each, so a word is looked for in the text
/// when it is asked for.

/// `key value` lines, as in `memory.events` and `cpu.stat`.
struct FlatKeyed: Sendable {
    private let text: [UInt8]

    init(_ text: String) { self.text = Array(text.utf8) }

    subscript(key: String) -> UInt64? {
        text.number(in: text.line(beginning: key))
    }
}

/// `name key=value key=value` lines, as in `io.stat`, `io.max` and the pressure files.
struct NestedKeyed: Sendable {
    private let text: [UInt8]

    init(_ text: String) { self.text = Array(text.utf8) }

    /// The first word of each line.
    var names: [String] {
        text.split(separator: .newline).compactMap { line in
            line.split(separator: .space).first.map { String(decoding: $0, as: UTF8.self) }
        }
    }

    func value(_ name: String, _ key: String) -> String? {
        place(name, key).map { String(decoding: text[$0], as: UTF8.self) }
    }

    func number(_ name: String, _ key: String) -> UInt64? { text.number(in: place(name, key)) }

    private func place(_ name: String, _ key: String) -> Range<Int>? {
        guard let line = text.line(beginning: name) else { return nil }
        return text.piece(beginning: key, .equals, in: line, between: .space)
    }
}

extension UInt8 {
    fileprivate static let newline = UInt8(ascii: "\n")
    fileprivate static let space = UInt8(ascii: " ")
    fileprivate static let equals = UInt8(ascii: "=")
}

extension [UInt8] {
    /// What follows `word` and a space in the first line that begins so.
    fileprivate func line(beginning word: String) -> Range<Int>? {
        piece(beginning: word, .space, in: indices, between: .newline)
    }

    /// What follows `word` and `sign` in the first piece of `range` that begins so; pieces lie between separators.
    fileprivate func piece(
        beginning word: String, _ sign: UInt8, in range: Range<Int>, between separator: UInt8
    ) -> Range<Int>? {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = self[start..<range.upperBound].firstIndex(of: separator) ?? range.upperBound
            let rest = start + word.utf8.count + 1
            if rest <= end, self[rest - 1] == sign, self[start..<rest - 1].elementsEqual(word.utf8) {
                return rest..<end
            }
            start = end + 1
        }
        return nil
    }

    /// The number that is all of `range`.
    fileprivate func number(in range: Range<Int>?) -> UInt64? {
        guard let range, !range.isEmpty else { return nil }
        var number: UInt64 = 0
        for byte in self[range] {
            guard case UInt8(ascii: "0")...UInt8(ascii: "9") = byte else { return nil }
            let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            if overflow || carry { return nil }
            number = sum
        }
        return number
    }
}

/// A file with one number, or `max` for "not limited".
enum SingleValue: Sendable, Equatable {
    case max
    case number(UInt64)

    init?(_ text: String?) {
        guard let word = text?.split(whereSeparator: \.isWhitespace).first else { return nil }
        if word == "max" {
            self = .max
        } else if let number = UInt64(word) {
            self = .number(number)
        } else {
            return nil
        }
    }

    var number: UInt64? {
        if case .number(let number) = self { number } else { nil }
    }
}

extension Usage.Stall {
    /// Reads a pressure file: `some avg10=… total=<µs>` and, except for old CPU files, a `full` line.
    init?(pressure text: String?) {
        guard let text else { return nil }
        let lines = NestedKeyed(text)
        guard let some = lines.number("some", "total") else { return nil }
        self.init(someSeconds: Double(some) / 1e6, fullSeconds: lines.number("full", "total").map { Double($0) / 1e6 })
    }
}
