import CGExec

/// The keys `stdin`, `stdout` and `stderr`.
extension JobFileReader {
    mutating func input(_ field: Field) -> JobDraft.Input? {
        switch field.value.content {
        case .null, .text("null"): return .null
        case .text("inherit"): return .inherit
        case .mapping(let entries) where entries.count == 1 && entries[0].key == "file":
            return stream(field)?.path.map { .file($0) }
        default: return template(field.value, at: field.place).map { .file($0) }
        }
    }

    mutating func output(_ field: Field, isError: Bool) -> JobDraft.Output? {
        switch field.value.content {
        case .text("capture"): return .capture(Job.captureCap)
        case .text("discard"): return .discard
        case .text("inherit"): return .inherit
        case .text("stdout") where isError: return .stdout
        case .text("stdout"):
            report(field.place, "'stdout' is for stderr only: there it sends both streams to one place")
            return nil
        case .text(let text):
            let words = ["capture", "discard", "inherit"] + (isError ? ["stdout"] : [])
            let guess = closest(to: text, among: words).map { "did you mean '\($0)'? " } ?? ""
            report(
                field.place,
                "'\(excerpt(text))' is none of \(words.joined(separator: ", ")); \(guess)"
                    + "for a file write {file: \(excerpt(text))}, or {append: …} to keep what it has")
            return nil
        default:
            guard let stream = stream(field) else { return nil }
            switch stream.kind {
            case "capture": return stream.size.map { .capture($0) }
            case "append": return stream.path.map { .append($0) }
            default: return stream.path.map { .file($0) }
            }
        }
    }

    /// The forms `{file: PATH}`, `{append: PATH}` and `{capture: SIZE}`; standard input only has the first.
    private mutating func stream(_ field: Field) -> (kind: String, path: Located<Template>?, size: ByteSize?)? {
        let forms = "{file: PATH}, {append: PATH} or {capture: SIZE}"
        guard case .mapping = field.value.content else {
            report(field.place, "expected capture, discard, inherit or \(forms), not \(field.value.kind)")
            return nil
        }
        let known = ["file", "append", "capture"]
        let before = problems.count
        let entries = fields(of: field.value, at: field.place, what: field.key)
        for entry in entries where !known.contains(entry.key) { reportUnknown(entry, known: known) }
        guard problems.count == before else { return nil }
        guard entries.count == 1, let entry = entries.first else {
            report(field.place, "expected exactly one of \(forms)")
            return nil
        }
        if entry.key == "capture" {
            let size = value(entry) { text throws(ValueError) in try ByteSize(parsing: text) }
            return (entry.key, nil, size)
        }
        return (entry.key, template(entry.value, at: entry.place), nil)
    }
}
