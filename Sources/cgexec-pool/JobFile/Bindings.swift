/// The values of one job's placeholders.
struct Bindings: Sendable {
    /// The sweep's variables.
    var values: [String: String]
    /// The job's number in the file, from 1.
    var seq: Int
    var name = ""
    /// Known only when an attempt starts.
    var slot: Int?
    var attempt: Int?
    var repetition: String?

    /// The text with its placeholders filled in. `{slot}` and `{attempt}` stay while they are not known.
    func text(_ template: Template) -> String {
        if template.segments.count == 1, case .literal(let text) = template.segments[0] { return text }
        var result = ""
        for segment in template.segments {
            switch segment {
            case .literal(let text): result += text
            case .reference(let reference): result += value(reference) ?? reference.description
            }
        }
        return result
    }

    private func value(_ reference: Template.Reference) -> String? {
        switch reference.builtIn {
        case .name: return name
        case .seq: return String(seq)
        case .slot: return slot.map { String($0) }
        case .attempt: return attempt.map { String($0) }
        case .repetition: return repetition
        case nil: break
        }
        guard let value = values[reference.word] else { return nil }
        guard reference.member != nil else { return value }
        return reference.part.map { part in
            let parts = FilePathParts(value)
            return switch part {
            case .stem: parts.stem
            case .name: parts.name
            case .dir: parts.directory
            case .ext: parts.fileExtension
            }
        }
    }
}
