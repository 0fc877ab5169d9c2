import CGExec

/// A job as it was written: what is nil was not given, and may come from the defaults.
struct JobDraft: Sendable {
    enum Command: Sendable {
        case list([Located<Template>])
        case text(Located<Template>)
    }

    enum Input: Sendable {
        case null
        case inherit
        case file(Located<Template>)
    }

    enum Output: Sendable {
        case capture(ByteSize)
        case file(Located<Template>)
        case append(Located<Template>)
        case discard
        case inherit
        case stdout
    }

    var name: Located<Template>?
    var description: Located<Template>?
    var command: Located<Command>?
    var shell: Located<Bool>?
    /// The texts of each limit; only `io` may have several.
    var limits: [String: Located<[String]>] = [:]
    var environment: [String: Located<Template>] = [:]
    var directory: Located<Template>?
    var stdin: Input?
    var stdout: Output?
    var stderr: Output?
    var category: Located<Template>?
    var size: Located<Template>?
    /// The texts of what it says about its place among others.
    var scheduling: [String: Located<[String]>] = [:]
    var group: Located<Template>?
    /// An empty list is one too: nothing, whatever the defaults say.
    var after: [Located<Template>]?
    var afterSuccess: Located<Bool>?
    var fallback: [Located<Template>]?
    /// The files that it reads.
    var inputs: [Located<Template>]?
    var sweep: [SweepVariable] = []
    /// How often it runs.
    var repeats: RepeatRule?
    var warmups: Int?
    /// Whether something is wrong that decides which program would run: then nothing is said about the program.
    var hasGaps = false

    /// How often it runs, warm-ups included.
    var repeatRule: RepeatRule {
        var rule = repeats ?? RepeatRule()
        rule.warmups = warmups ?? 0
        return rule
    }

    /// This job where it says something, and else the defaults.
    func merged(over defaults: JobDraft) -> JobDraft {
        var result = self
        result.description = description ?? defaults.description
        result.shell = shell ?? defaults.shell
        result.limits = defaults.limits.merging(limits) { $1 }
        result.environment = defaults.environment.merging(environment) { $1 }
        result.directory = directory ?? defaults.directory
        result.stdin = stdin ?? defaults.stdin
        result.stdout = stdout ?? defaults.stdout
        result.stderr = stderr ?? defaults.stderr
        result.category = category ?? defaults.category
        result.size = size ?? defaults.size
        result.scheduling = defaults.scheduling.merging(scheduling) { $1 }
        result.group = group ?? defaults.group
        result.after = after ?? defaults.after
        result.afterSuccess = afterSuccess ?? defaults.afterSuccess
        result.fallback = fallback ?? defaults.fallback
        result.inputs = inputs ?? defaults.inputs
        result.repeats = repeats ?? defaults.repeats
        result.warmups = warmups ?? defaults.warmups
        result.hasGaps = hasGaps || defaults.hasGaps
        return result
    }
}

extension JobFileReader {
    private static let ownKeys = ["name", "command", "sweep"]
    private static let sharedKeys =
        [
            "description", "shell", "env", "cwd", "stdin", "stdout", "stderr", "category", "size", "group", "after",
            "on", "fallback", "inputs", "repeat", "warmup",
        ]
        + SchedulingOption.all.map(\.name) + LimitOption.all.map(\.name)
    static let jobKeys = ownKeys + sharedKeys

    /// Reads a job, or the defaults of all jobs.
    mutating func draft(_ node: SourceNode, at place: Place, isDefault: Bool) -> JobDraft? {
        guard case .mapping = node.content else {
            let what =
                isDefault
                ? "defaults are a mapping with keys such as memory" : "a job is a mapping with keys such as command"
            report(place, "\(what), not \(node.kind)")
            return nil
        }
        var draft = JobDraft()
        for field in fields(of: node, at: place, what: "a job") {
            if isDefault, Self.ownKeys.contains(field.key) {
                report(field.keyPlace, "'\(field.key)' cannot be a default; write it in each job")
                continue
            }
            read(field, into: &draft, isDefault: isDefault)
        }
        return draft
    }

    private mutating func read(_ field: Field, into draft: inout JobDraft, isDefault: Bool) {
        switch field.key {
        case "name": draft.name = template(field.value, at: field.place)
        case "description": draft.description = template(field.value, at: field.place)
        case "command":
            draft.command = command(field)
            draft.hasGaps = draft.hasGaps || draft.command == nil
        case "shell": draft.shell = flag(field)
        case "env":
            let before = problems.count
            draft.environment = environment(field)
            draft.hasGaps = draft.hasGaps || problems.count > before
        case "cwd":
            draft.directory = template(field.value, at: field.place)
            draft.hasGaps = draft.hasGaps || draft.directory == nil
        case "stdin": draft.stdin = input(field)
        case "stdout": draft.stdout = output(field, isError: false)
        case "stderr": draft.stderr = output(field, isError: true)
        case "category": draft.category = template(field.value, at: field.place)
        case "size": draft.size = template(field.value, at: field.place)
        case "sweep": draft.sweep = sweep(field)
        case "group": draft.group = template(field.value, at: field.place)
        case "after": draft.after = texts(of: field).compactMap { template($0.value, at: $0.place) }
        case "inputs": draft.inputs = texts(of: field).compactMap { template($0.value, at: $0.place) }
        case "repeat": draft.repeats = repeats(field)
        case "warmup": draft.warmups = count(field, from: 0)
        case "on":
            draft.afterSuccess = value(field) { text throws(ValueError) in
                guard ["success", "any"].contains(text) else { throw ValueError(text, expected: "success or any") }
                return text == "success"
            }.map { Located(value: $0, place: field.place) }
        case "fallback":
            guard case .list(let elements)? = command(field)?.value else {
                return report(
                    field.place, "a fallback is a list of program and arguments, such as [gzip, -1, data.txt]")
            }
            draft.fallback = elements
        default:
            if let option = LimitOption.named(field.key) {
                draft.limits[field.key] = limit(option, field)
            } else if let option = SchedulingOption.named(field.key) {
                draft.scheduling[field.key] = scheduling(option, field)
            } else {
                let meant = reportUnknown(field, known: isDefault ? Self.sharedKeys : Self.jobKeys)
                if meant == "command" { draft.hasGaps = true }
            }
        }
    }

    private mutating func command(_ field: Field) -> Located<JobDraft.Command>? {
        guard case .list(let elements) = field.value.content else {
            return template(field.value, at: field.place).map { Located(value: .text($0), place: field.place) }
        }
        guard !elements.isEmpty else {
            report(field.place, "the list is empty; its first element is the program")
            return nil
        }
        let arguments = elements.enumerated().compactMap { index, element in
            template(element, at: Place(position: element.position, path: "\(field.place.path)[\(index)]"))
        }
        guard arguments.count == elements.count else { return nil }
        return Located(value: .list(arguments), place: field.place)
    }

    private mutating func environment(_ field: Field) -> [String: Located<Template>] {
        var result: [String: Located<Template>] = [:]
        for entry in fields(of: field.value, at: field.place, what: "env") {
            guard !entry.key.isEmpty, !entry.key.utf8.contains(where: { $0 == UInt8(ascii: "=") || $0 == 0 }) else {
                report(
                    entry.keyPlace,
                    "'\(excerpt(entry.key))' cannot be the name of a variable: it is empty or has a = or a zero byte")
                continue
            }
            result[entry.key] = template(entry.value, at: entry.place)
        }
        return result
    }

    private mutating func limit(_ option: LimitOption, _ field: Field) -> Located<[String]>? {
        let isList = option.name == "io"
        var scratch = Limits()
        return accepted(isList ? texts(of: field) : [Located(value: field.value, place: field.place)], field) {
            text throws(ValueError) in try option.apply(text, to: &scratch)
        }
    }

    private mutating func scheduling(_ option: SchedulingOption, _ field: Field) -> Located<[String]>? {
        var scratch = Job("", [])
        return accepted(
            option.isRepeatable ? texts(of: field) : [Located(value: field.value, place: field.place)], field
        ) { text throws(ValueError) in try option.apply(text, to: &scratch) }
    }

    /// The elements of a list, or the one value.
    func texts(of field: Field) -> [Located<SourceNode>] {
        guard case .list(let list) = field.value.content else {
            return [Located(value: field.value, place: field.place)]
        }
        return list.enumerated().map { index, node in
            Located(value: node, place: Place(position: node.position, path: "\(field.place.path)[\(index)]"))
        }
    }

    /// The texts, if all of them are accepted.
    private mutating func accepted(
        _ elements: [Located<SourceNode>], _ field: Field, _ apply: (String) throws(ValueError) -> Void
    ) -> Located<[String]>? {
        var texts: [String] = []
        for element in elements {
            if let reference = placeholder(in: element.value, unless: apply) {
                report(
                    element.place,
                    "'\(field.key)' takes no placeholders such as \(excerpt("\(reference)")); write a job for each value"
                )
                return nil
            }
            guard let text = text(element.value, at: element.place), attempt(text, at: element.place, apply) != nil
            else {
                return nil
            }
            texts.append(text)
        }
        return Located(value: texts, place: field.place)
    }

    /// A placeholder in what is no value.
    private func placeholder(
        in node: SourceNode, unless isValue: (String) throws(ValueError) -> Void
    ) -> Template.Reference? {
        switch node.content {
        case .text(let text): (try? isValue(text)) == nil ? Template(text).references.first : nil
        case .mapping(let entries) where entries.count == 1 && entries[0].value.isNull:
            Template("{\(entries[0].key)}").references.first
        case .mapping, .list, .null: nil
        }
    }
}
