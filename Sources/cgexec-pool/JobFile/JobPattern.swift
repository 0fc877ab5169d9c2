import CGExec

/// One element of `jobs:` with the defaults in it, judged once for all the jobs its sweep makes.
final class JobPattern: Sendable {
    let place: Place
    /// What was written, for values and for where they stand.
    let draft: JobDraft
    let command: [Located<Template>]
    let isShell: Bool
    let limits: Limits
    /// Whether something is open until an attempt starts.
    let isLate: Bool

    init(place: Place, draft: JobDraft, command: [Located<Template>], isShell: Bool, limits: Limits) {
        self.place = place
        self.draft = draft
        self.command = command
        self.isShell = isShell
        self.limits = limits
        isLate = (command + draft.launchTemplates).contains { $0.value.isLate }
    }

    /// Whether what a text will be is not known when jobs are planned: it waits for the start, or for a value that is
    /// missing in the file.
    func isOpen(_ template: Template?) -> Bool {
        template?.references.contains { reference in
            if let builtIn = reference.builtIn { return builtIn.isLate }
            let isText = reference.member != nil && reference.part == nil
            return !isText && !draft.sweep.contains { $0.name == reference.word && !$0.values.isEmpty }
        } ?? false
    }

    /// Where a limit, or a word about the place among others, was written; the job itself when it was not.
    func place(of key: String) -> Place { draft.limits[key]?.place ?? draft.scheduling[key]?.place ?? place }

    /// The job of one combination of the sweep's values. The size is read by the caller, who can report it.
    func job(values: [String: String], seq: Int) -> Job {
        var bindings = Bindings(values: values, seq: seq)
        if let name = draft.name {
            bindings.name = bindings.text(name.value)
        } else {
            let program = command.first.map { bindings.text($0.value) } ?? ""
            bindings.name = "\(FilePathParts(program).name)-\(seq)"
        }
        var job = Job(
            bindings.name, [], limits: limits, category: draft.category.map { bindings.text($0.value) },
            description: draft.description.map { bindings.text($0.value) }, params: values)
        for option in SchedulingOption.all {
            // Each text was accepted when the draft was read.
            for text in draft.scheduling[option.name]?.value ?? [] { try? option.apply(text, to: &job) }
        }
        job.afterSuccess = draft.afterSuccess?.value ?? true
        job.inputs = (draft.inputs ?? []).map { bindings.text($0.value) }
        fill(&job, bindings)
        return job
    }

    /// Fills in everything that a program is started with, where `{slot}` and `{attempt}` may stand.
    func fill(_ job: inout Job, _ bindings: Bindings) {
        job.command = command.map { bindings.text($0.value) }
        job.fallback = draft.fallback.map { $0.map { bindings.text($0.value) } }
        job.environment = draft.environment.mapValues { bindings.text($0.value) }
        job.directory = draft.directory.map { bindings.text($0.value) }
        switch draft.stdin {
        case .file(let path): job.stdin = .file(bindings.text(path.value))
        case .inherit: job.stdin = .inherit
        case .null, nil: job.stdin = .null
        }
        job.stdout = draft.stdout.map { $0.output(bindings) }
        job.stderr = draft.stderr.map { $0.output(bindings) }
    }
}

extension JobDraft {
    /// The texts besides the command that a program is started with.
    var launchTemplates: [Located<Template>] {
        var all = [directory, stdin?.path, stdout?.path, stderr?.path].compactMap(\.self)
        all += environment.sorted { $0.key < $1.key }.map(\.value)
        all += fallback ?? []
        return all
    }

    /// The texts that must be known before anything starts: they stand in tables and in the journal.
    var earlyTemplates: [Located<Template>] {
        [name, description, category, size, group].compactMap(\.self) + (after ?? []) + (inputs ?? [])
    }
}

extension JobDraft.Input {
    var path: Located<Template>? {
        if case .file(let path) = self { path } else { nil }
    }
}

extension JobDraft.Output {
    var path: Located<Template>? {
        switch self {
        case .file(let path), .append(let path): path
        case .capture, .discard, .inherit, .stdout: nil
        }
    }

    fileprivate func output(_ bindings: Bindings) -> Job.Output {
        switch self {
        case .capture(let size): .capture(size)
        case .file(let path): .file(bindings.text(path.value))
        case .append(let path): .append(bindings.text(path.value))
        case .discard: .discard
        case .inherit: .inherit
        case .stdout: .stdout
        }
    }
}
