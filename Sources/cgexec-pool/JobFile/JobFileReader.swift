import CGExec

/// Turns nodes into jobs, and notes everything that is wrong on the way.
struct JobFileReader {
    var file: JobFile
    var problems: [Problem] = []
    let glob: Glob.Function
    /// Where each output file was first asked for: a second job that makes it anew would destroy the first one's.
    var outputs: [[UInt8]: Place] = [:]
    /// What is wrong with single jobs, as opposed to the text.
    var repeated = RepeatedProblems()

    init(name: String, glob: @escaping Glob.Function) {
        file = JobFile(name: name)
        self.glob = glob
    }

    mutating func read(_ text: String, format: JobFileFormat) {
        var root: SourceNode?
        switch format {
        case .jsonl:
            let lines = JSONReader.readLines(text)
            problems += lines.problems
            root = lines.values.first.map { SourceNode(position: $0.position, content: .list(lines.values)) }
            guard root != nil || problems.isEmpty else { return }
        case .json, .yaml:
            do throws(Problem) {
                root = try format == .json ? JSONReader.read(text) : YAMLReader.read(text)
            } catch {
                problems.append(error)
                return
            }
        }
        defer {
            order()
            problems += repeated.list
        }
        guard let root, !root.isNull else {
            let message = "the file is empty; it needs at least one job, such as - command: [sleep, 10]"
            return problems.append(Problem(.start, message))
        }
        let top = Place(position: root.position, path: "")
        switch root.content {
        case .list: read(jobs: root, at: Place(position: root.position, path: "jobs"), defaults: JobDraft())
        case .mapping: read(mapping: root, at: top)
        case .text, .null:
            report(
                top,
                "expected a mapping with the key jobs, or a list of jobs such as - command: [sleep, 10], not \(root.kind)"
            )
        }
    }

    private mutating func read(mapping root: SourceNode, at top: Place) {
        let keys = ["pool", "defaults", "groups", "jobs"]
        var jobs: SourceNode?
        var defaults = JobDraft()
        for field in fields(of: root, at: top, what: "the file") {
            switch field.key {
            case "pool": read(pool: field.value, at: field.place)
            case "defaults": defaults = draft(field.value, at: field.place, isDefault: true) ?? defaults
            case "groups": read(groups: field)
            case "jobs": jobs = field.value
            case _ where Self.jobKeys.contains(field.key):
                report(
                    field.keyPlace,
                    "'\(field.key)' belongs to a job: write it in an element of the list jobs, or in defaults")
            default: reportUnknown(field, known: keys)
            }
        }
        guard let jobs else { return report(top, "the key jobs is missing; it holds the list of jobs") }
        read(jobs: jobs, at: Place(position: jobs.position, path: "jobs"), defaults: defaults)
    }

    private mutating func read(jobs node: SourceNode, at place: Place, defaults: JobDraft) {
        guard case .list(let elements) = node.content else {
            return report(place, "expected a list of jobs, not \(node.kind); start each job with - ")
        }
        guard !elements.isEmpty else { return report(place, "the list has no job") }
        for (index, element) in elements.enumerated() {
            let place = Place(position: element.position, path: "\(place.path)[\(index)]")
            guard let draft = draft(element, at: place, isDefault: false) else { continue }
            guard expand(pattern(draft.merged(over: defaults), at: place)) else { return }
        }
    }

    private mutating func read(groups field: Field) {
        for group in fields(of: field.value, at: field.place, what: "groups") {
            var options = JobFile.GroupOptions(place: group.keyPlace)
            for option in fields(of: group.value, at: group.place, what: "a group") {
                guard option.key == "timeout" else {
                    reportUnknown(option, known: ["timeout"])
                    continue
                }
                options.timeout = value(option) { text throws(ValueError) in
                    let time = try Duration(parsing: text)
                    guard time > .zero else { throw ValueError(text, expected: "a time above 0") }
                    return time
                }
            }
            file.groups[group.key] = options
        }
    }

    private mutating func read(pool node: SourceNode, at place: Place) {
        for field in fields(of: node, at: place, what: "pool") {
            switch field.key {
            case "jobs":
                file.pool.jobs = value(field, SlotCount.init(parsing:)) ?? .auto
            case "budget":
                file.pool.budget = value(field) { text throws(ValueError) in
                    let amount = try MemoryAmount(parsing: text)
                    guard amount != .size(ByteSize(0)) else { throw ValueError(text, expected: "a size above 0") }
                    return amount
                }
            case "affinity":
                file.pool.affinity = value(field, AffinityMask.init(parsing:)) ?? .none
            case "partition": file.pool.partition = value(field, CPUPartition.init(parsing:))
            case "cgroup":
                if let path = text(field.value, at: field.place) {
                    guard path.hasPrefix("/") else {
                        report(field.place, "'\(excerpt(path))' is not an absolute path; start it with /")
                        continue
                    }
                    file.pool.cgroup = path
                }
            case "best-effort": file.pool.bestEffort = flag(field)?.value ?? false
            case "name": file.pool.name = text(field.value, at: field.place)
            case "mode": file.pool.mode = value(field, Mode.init(parsing:)) ?? .strict
            case "chain": file.pool.chains = value(field, Chains.init(parsing:)) ?? .on
            case "halt": file.pool.halt = value(field, Halt.init(parsing:))
            case "learn": file.pool.learnsMemory = flag(field)?.value ?? true
            case "learned":
                if let path = text(field.value, at: field.place) {
                    if path.isEmpty {
                        report(field.place, "the file for what is learned has no name; write its path, or learn: false")
                    } else {
                        file.pool.learned = .file(path)
                    }
                }
            case "thread-variables": file.pool.setsThreadVariables = flag(field)?.value ?? true
            case "notify":
                file.notify = texts(of: field).compactMap { element in
                    text(element.value, at: element.place).flatMap {
                        attempt($0, at: element.place, NotifyRule.init(parsing:))
                    }
                }
            case "repeat-order": file.repeatOrder = value(field, RepeatOrder.init(parsing:)) ?? .interleaved
            case "sample":
                file.pool.sampling = value(field) { text throws(ValueError) in try PoolOptions.interval(text) }
            case "reruns":
                file.pool.reruns = value(field) { text throws(ValueError) in try PoolOptions.reruns(text) } ?? 2
            case "least-memory": file.pool.leastShare = value(field, MemoryAmount.init(parsing:))
            default:
                reportUnknown(
                    field,
                    known: [
                        "jobs", "budget", "affinity", "partition", "cgroup", "best-effort", "name", "mode", "chain",
                        "halt", "learn",
                        "learned", "least-memory", "notify", "repeat-order", "reruns", "sample", "thread-variables",
                    ])
            }
        }
    }
}
