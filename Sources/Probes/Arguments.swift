/// What is left of a workload's arguments: every reader removes what it read. Options first, then operands, then `finish`.
struct Arguments {
    let command: String
    private var rest: [String]

    init(command: String, words: [String]) {
        self.command = command
        rest = words
    }

    mutating func flag(_ name: String) -> Bool {
        guard let index = rest.firstIndex(of: name) else { return false }
        rest.remove(at: index)
        return true
    }

    mutating func option(_ name: String) throws(Failure) -> String? {
        if let index = rest.firstIndex(where: { $0.hasPrefix(name + "=") }) {
            return String(rest.remove(at: index).dropFirst(name.count + 1))
        }
        guard let index = rest.firstIndex(of: name) else { return nil }
        guard index + 1 < rest.count else { throw usage("\(name) needs a value") }
        defer { rest.removeSubrange(index...index + 1) }
        return rest[index + 1]
    }

    mutating func operand(_ name: String) throws(Failure) -> String {
        guard let word = rest.first else { throw usage("\(name) is missing") }
        try refuseOption(word)
        return rest.removeFirst()
    }

    func finish() throws(Failure) {
        guard let word = rest.first else { return }
        try refuseOption(word)
        throw usage("unexpected argument '\(word)'")
    }

    func usage(_ text: String) -> Failure {
        .usage("\(command): \(text); see `cgexec-probe \(command) --help`")
    }

    private func refuseOption(_ word: String) throws(Failure) {
        if word.hasPrefix("--") { throw usage("unknown or repeated option '\(word)'") }
    }
}

extension Arguments {
    mutating func size(operand name: String) throws(Failure) -> Int { try size(operand(name), name) }

    mutating func time(operand name: String) throws(Failure) -> UInt64 { try time(operand(name), name) }

    mutating func time(option name: String) throws(Failure) -> UInt64? {
        guard let text = try option(name) else { return nil }
        return try time(text, name)
    }

    /// Bytes each second; the `/s` may be left out.
    mutating func rate(option name: String) throws(Failure) -> Int? {
        guard let text = try option(name) else { return nil }
        let rate = try size(text.hasSuffix("/s") ? String(text.dropLast(2)) : text, name)
        guard rate > 0 else { throw usage("\(name): a rate of 0 would never end") }
        return rate
    }

    mutating func count(option name: String, in range: ClosedRange<Int>) throws(Failure) -> Int? {
        guard let text = try option(name) else { return nil }
        return try count(text, name, range)
    }

    mutating func count(operand name: String, in range: ClosedRange<Int>) throws(Failure) -> Int {
        try count(operand(name), name, range)
    }

    private func count(_ text: String, _ name: String, _ range: ClosedRange<Int>) throws(Failure) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw usage("\(name): '\(text)' is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func size(_ text: String, _ name: String) throws(Failure) -> Int {
        guard let size = Units.bytes(text) else {
            throw usage("\(name): '\(text)' is not a size such as 64MiB, 1G or 4096")
        }
        return size
    }

    private func time(_ text: String, _ name: String) throws(Failure) -> UInt64 {
        guard let time = Units.nanoseconds(text) else {
            throw usage("\(name): '\(text)' is not a time such as 100ms, 5s or 1m")
        }
        return time
    }
}
