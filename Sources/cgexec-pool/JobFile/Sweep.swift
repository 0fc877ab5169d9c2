import CGExec

/// A name in a sweep with the values it goes through.
struct SweepVariable: Hashable, Sendable {
    var name: String
    var values: [String]
}

/// The most jobs of one file. Each takes about a kilobyte before it has even started.
let mostJobs = 1_000_000

/// The key `sweep`.
extension JobFileReader {
    mutating func sweep(_ field: Field) -> [SweepVariable] {
        let entries = fields(of: field.value, at: field.place, what: "sweep")
        if entries.isEmpty, case .mapping = field.value.content {
            report(field.place, "the sweep has no variable; write one, such as n: [1, 2, 4], or remove the key")
        }
        return entries.compactMap { entry in
            guard Template.isIdentifier(entry.key) else {
                report(
                    entry.keyPlace,
                    "'\(excerpt(entry.key))' cannot be a variable: use letters, digits and _, no digit in front")
                return nil
            }
            guard Template.BuiltIn(rawValue: entry.key) == nil else {
                report(entry.keyPlace, "'\(entry.key)' is built in; choose another name for the variable")
                return nil
            }
            // With wrong values the name is declared all the same: its placeholders are not wrong too.
            return SweepVariable(name: entry.key, values: values(entry) ?? [])
        }
    }

    private mutating func values(_ field: Field) -> [String]? {
        switch field.value.content {
        case .list: return list(field)
        case .text, .null:
            guard let text = text(field.value, at: field.place) else { return nil }
            if text.contains("..") && !text.contains("/") { return range(text, at: field.place) }
            if text.contains(where: { "*?[".contains($0) }) { return paths(text, at: field.place) }
            report(
                field.place,
                "'\(excerpt(text))' is neither a range such as 1..9 nor a pattern such as *.txt; write [\(excerpt(text))] for a single value"
            )
            return nil
        case .mapping:
            let known = ["list", "range", "glob"]
            let entries = fields(of: field.value, at: field.place, what: "a sweep variable")
            let unknown = entries.filter { !known.contains($0.key) }
            for entry in unknown { reportUnknown(entry, known: known) }
            guard unknown.isEmpty, entries.count == 1, let entry = entries.first else {
                if unknown.isEmpty { report(field.place, "expected exactly one of \(known.joined(separator: ", "))") }
                return nil
            }
            if entry.key == "list" {
                guard case .list = entry.value.content else {
                    report(entry.place, "expected a list of values, not \(entry.value.kind)")
                    return nil
                }
                return list(entry)
            }
            guard let text = text(entry.value, at: entry.place) else { return nil }
            return entry.key == "range" ? range(text, at: entry.place) : paths(text, at: entry.place)
        }
    }

    private mutating func list(_ field: Field) -> [String]? {
        guard case .list(let elements) = field.value.content else { return nil }
        guard !elements.isEmpty else {
            report(field.place, "the list is empty, so there would be no job; write at least one value")
            return nil
        }
        let values = elements.enumerated().compactMap { index, element in
            text(element, at: Place(position: element.position, path: "\(field.place.path)[\(index)]"))
        }
        return values.count == elements.count ? values : nil
    }

    private mutating func range(_ text: String, at place: Place) -> [String]? {
        attempt(text, at: place) { text throws(ValueError) in try NumberRange(parsing: text).values() }
    }

    private mutating func paths(_ pattern: String, at place: Place) -> [String]? {
        do throws(Glob.Failure) {
            let paths = try glob(pattern)
            guard paths.isEmpty else { return paths }
            report(
                place,
                "no file matches '\(excerpt(pattern))'; paths are relative to the directory in which cgexec-pool was started"
            )
        } catch {
            report(place, "'\(excerpt(pattern))': \(error.reason)")
        }
        return nil
    }
}

/// An inclusive range: `1..99`, `01..10` with leading zeros kept, `0..100..10` with a step.
struct NumberRange {
    private var first: Int
    private var last: Int
    private var step: Int
    private var width = 0

    init(parsing text: String) throws(ValueError) {
        let error = ValueError(
            text, expected: "an inclusive range such as 1..99, 01..10 or 0..100..10, with the smaller end first")
        // Not `split(separator: "..")` by hand-made rules: 1...9 gives a part with a dot, which is no number.
        let parts = text.split(separator: "..", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts.allSatisfy({ $0.first != "+" }), let first = Int(parts[0]),
            let last = Int(parts[1]),
            let step = parts.count == 3 ? Int(parts[2]) : 1, first <= last, step > 0
        else { throw error }
        self.first = first
        self.last = last
        self.step = step
        let digits = parts[..<2].map { $0.drop { $0 == "-" } }
        if digits.contains(where: { $0.count > 1 && $0.first == "0" }) { width = digits.map(\.count).max() ?? 0 }
        let (span, overflow) = last.subtractingReportingOverflow(first)
        guard !overflow, span / step < mostJobs else {
            throw ValueError(text, expected: "a range of at most \(mostJobs) numbers")
        }
    }

    func values() -> [String] {
        stride(from: first, through: last, by: step).map { number in
            let digits = String(number.magnitude)
            return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
    }
}
