import CGExec

/// One key of a mapping with its value.
struct Field {
    var key: String
    /// The key itself: what is wrong with the word.
    var keyPlace: Place
    /// The value: what is wrong with what was given.
    var place: Place
    var value: SourceNode
}

extension SourceNode {
    var isNull: Bool {
        if case .null = content { true } else { false }
    }
}

extension JobFileReader {
    mutating func report(_ place: Place, _ message: String) {
        problems.append(Problem(place, message))
    }

    /// Gives the key that was probably meant.
    @discardableResult
    mutating func reportUnknown(_ field: Field, known: [String]) -> String? {
        if field.key == "<<" {
            report(field.keyPlace, "merge keys are not supported; what all jobs share belongs in defaults")
            return nil
        }
        let meant = closest(to: field.key, among: known)
        let few = known.count <= 5 ? "expected one of \(known.joined(separator: ", "))" : nil
        let cure = meant.map { "did you mean '\($0)'?" } ?? few ?? "docs/job-files.md has all that there are"
        report(field.keyPlace, "unknown key '\(excerpt(field.key))'; \(cure)")
        return meant
    }

    /// The keys of a mapping, each once.
    mutating func fields(of node: SourceNode, at place: Place, what: String) -> [Field] {
        guard case .mapping(let entries) = node.content else {
            report(place, "\(what) is a mapping of keys to values, not \(node.kind)")
            return []
        }
        var seen: [String: Position] = [:]
        var fields: [Field] = []
        for entry in entries {
            let path = place.path.isEmpty ? excerpt(entry.key) : "\(place.path).\(excerpt(entry.key))"
            let keyPlace = Place(position: entry.position, path: path)
            if let first = seen.updateValue(entry.position, forKey: entry.key) {
                report(keyPlace, "stands twice, first in line \(first.line), column \(first.column); keep one")
                continue
            }
            fields.append(
                Field(
                    key: entry.key, keyPlace: keyPlace, place: Place(position: entry.value.position, path: path),
                    value: entry.value))
        }
        return fields
    }

    /// A single value as it is written.
    mutating func text(_ node: SourceNode, at place: Place) -> String? {
        switch node.content {
        case .text(let text):
            guard !text.utf8.contains(0) else {
                report(place, "a zero byte, which no argument, path or variable can hold")
                return nil
            }
            return text
        case .null:
            report(place, "there is no value; write one, quoted if it is null, ~ or empty")
            return nil
        case .list, .mapping:
            report(place, "expected a single value, not \(node.kind)")
            return nil
        }
    }

    /// A text in which placeholders may stand.
    mutating func template(_ node: SourceNode, at place: Place) -> Located<Template>? {
        // {x} without quotes is a mapping with the key x in YAML; no mapping may stand here, so it can only be meant so.
        if case .mapping(let entries) = node.content, entries.count == 1, entries[0].value.isNull {
            let template = Template("{\(entries[0].key)}")
            if !template.references.isEmpty { return Located(value: template, place: place) }
        }
        return text(node, at: place).map { Located(value: Template($0), place: place) }
    }

    mutating func flag(_ field: Field) -> Located<Bool>? {
        value(field) { text throws(ValueError) in
            guard let flag = Bool(text) else { throw ValueError(text, expected: "true or false") }
            return flag
        }.map { Located(value: $0, place: field.place) }
    }

    /// A single value of some kind.
    mutating func value<Value>(_ field: Field, _ parse: (String) throws(ValueError) -> Value) -> Value? {
        guard let text = text(field.value, at: field.place) else { return nil }
        return attempt(text, at: field.place, parse)
    }

    mutating func attempt<Value>(
        _ text: String, at place: Place, _ parse: (String) throws(ValueError) -> Value
    ) -> Value? {
        do throws(ValueError) {
            return try parse(text)
        } catch {
            report(place, "\(ValueError(excerpt(error.value), expected: error.expected))")
            return nil
        }
    }
}
