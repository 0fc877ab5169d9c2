import CGExec
import SystemPackage

/// Looks for what would keep jobs from starting on this host, before any of them starts.
struct Preflight: Sendable {
    var host: HostFacts
    var files = FileSystem.real

    func problems(of file: JobFile) -> [Problem] {
        var repeated = RepeatedProblems()
        var memory = Memory()
        var pattern: JobPattern?
        let inherited = TextSizes(host.environment)
        for planned in file.jobs {
            if planned.pattern !== pattern {
                checkLimits(planned, &repeated)
                pattern = planned.pattern
            }
            checkArguments(planned, inherited: inherited, &repeated)
            // Where the job's directory is not known, neither are the files in it.
            guard checkDirectory(planned, &memory, &repeated) else { continue }
            checkProgram(planned, &memory, &repeated)
            checkStreams(planned, &memory, &repeated)
        }
        return repeated.list
    }

    /// Answers already given: the jobs of a sweep mostly ask the same questions.
    private struct Memory {
        var enter: [String: Errno?] = [:]
        var read: [String: Errno?] = [:]
        var write: [String: Errno?] = [:]
        var programs: [[String]: String?] = [:]
    }

    private func recall<Key: Hashable, Answer>(_ key: Key, _ memory: inout [Key: Answer], _ ask: () -> Answer) -> Answer
    {
        if let answer = memory[key] { return answer }
        let answer = ask()
        memory[key] = answer
        return answer
    }

    // MARK: Limits

    /// What the library says of the limits and of the place among others, at their places; of the other keys the reader
    /// has already spoken.
    private func checkLimits(_ planned: PlannedJob, _ repeated: inout RepeatedProblems) {
        for problem in planned.job.problems(cpus: host.allowed, budget: host.budget)
        where LimitOption.named(problem.key) != nil || SchedulingOption.named(problem.key) != nil {
            repeated.add(problem.key, planned.pattern.place(of: problem.key), problem.message)
        }
    }

    // MARK: Arguments

    private func checkArguments(
        _ planned: PlannedJob, inherited: TextSizes, _ repeated: inout RepeatedProblems
    ) {
        let job = planned.job
        var sizes = inherited
        if !job.environment.isEmpty { sizes = TextSizes(host.environment.merging(job.environment) { $1 }) }
        for argument in job.command { sizes.add(argument.utf8.count) }
        let limit = host.arguments
        let place = planned.pattern.draft.command?.place ?? planned.pattern.place
        if sizes.longest + 1 > limit.single {
            repeated.add(
                "single", place,
                "an argument or variable has \(sizes.longest) bytes, where the kernel takes \(limit.single - 1); pass it in a file or by stdin"
            )
        }
        // The variables that the pool adds need room as well.
        let total = sizes.total + 4096
        if total > limit.total {
            repeated.add(
                "total", place,
                "arguments and environment have \(total) bytes, where the kernel takes \(limit.total); pass them in a file or by stdin"
            )
        }
    }

    /// What the kernel counts of arguments and variables.
    private struct TextSizes {
        var longest = 0
        var total = 0

        init(_ environment: [String: String]) {
            for (key, value) in environment { add(key.utf8.count + 1 + value.utf8.count) }
        }

        /// Each text ends with a zero byte and has a pointer.
        mutating func add(_ bytes: Int) {
            longest = max(longest, bytes)
            total += bytes + 1 + MemoryLayout<UnsafeRawPointer>.size
        }
    }

    // MARK: Files

    private func checkDirectory(_ planned: PlannedJob, _ memory: inout Memory, _ repeated: inout RepeatedProblems)
        -> Bool
    {
        guard !planned.pattern.draft.hasGaps else { return false }
        guard let template = planned.pattern.draft.directory, let path = planned.job.directory else { return true }
        guard !planned.pattern.isOpen(template.value) else { return false }
        guard let error = recall(path, &memory.enter, { files.enter(path) }) else { return true }
        repeated.add(
            "cwd", template.place,
            "'\(excerpt(path))' cannot be the working directory: \(error); make it first, or correct the path")
        return false
    }

    private func checkStreams(_ planned: PlannedJob, _ memory: inout Memory, _ repeated: inout RepeatedProblems) {
        let draft = planned.pattern.draft
        let job = planned.job
        if case .file(let name) = job.stdin, let template = draft.stdin?.path,
            !planned.pattern.isOpen(template.value),
            let error = recall(job.located(name), &memory.read, { files.read(job.located(name)) })
        {
            repeated.add(
                "stdin", template.place,
                "'\(excerpt(job.located(name)))' cannot be read: \(error); correct the path or the permissions")
        }
        // One that is missing may be made by a job before.
        for (name, template) in zip(job.inputs, draft.inputs ?? []) where !planned.pattern.isOpen(template.value) {
            let path = job.located(name)
            guard let error = recall(path, &memory.read, { files.read(path) }), error != .noSuchFileOrDirectory else {
                continue
            }
            let cure = error == .isDirectory ? "name the files in it" : "correct the path or the permissions"
            repeated.add("inputs", template.place, "'\(excerpt(path))' cannot be read as an input: \(error); \(cure)")
        }
        for (output, template) in [(job.stdout, draft.stdout?.path), (job.stderr, draft.stderr?.path)] {
            guard let template, !planned.pattern.isOpen(template.value), let path = output?.path.map(job.located),
                let error = recall(path, &memory.write, { files.write(path) })
            else { continue }
            repeated.add(
                "output", template.place,
                "'\(excerpt(path))' cannot be written: \(error); correct the path or the permissions")
        }
    }

    // MARK: Program

    private func checkProgram(_ planned: PlannedJob, _ memory: inout Memory, _ repeated: inout RepeatedProblems) {
        let pattern = planned.pattern
        guard !pattern.isOpen(pattern.draft.environment["PATH"]?.value) else { return }
        let job = planned.job
        let path = job.environment["PATH"] ?? host.environment["PATH"] ?? "/bin:/usr/bin"
        let programs = [
            (pattern.isShell ? nil : pattern.command.first, job.command.first),
            (pattern.draft.fallback?.first, job.fallback?.first),
        ]
        for case (let template?, let program?) in programs where !pattern.isOpen(template.value) {
            let refusal = recall([program, path, job.directory ?? ""], &memory.programs) {
                whyNot(program, path: path, of: job)
            }
            if let refusal { repeated.add("program", template.place, refusal) }
        }
    }

    /// As execvp(3) searches: names with a slash directly, others in each directory of PATH.
    private func whyNot(_ program: String, path: String, of job: Job) -> String? {
        let shown = excerpt(program)
        guard !program.contains("/") else {
            let error = files.execute(job.located(program))
            return error.map { "the program '\(shown)' cannot be executed: \($0); correct the path, or chmod +x it" }
        }
        guard !program.isEmpty else { return "the program is empty" }
        var denied: String?
        for entry in path.split(separator: ":", omittingEmptySubsequences: false) {
            // An empty entry of PATH is the working directory.
            let candidate = job.located(entry.isEmpty ? "./\(program)" : "\(entry)/\(program)")
            switch files.execute(candidate) {
            case nil: return nil
            case Errno.permissionDenied: denied = denied ?? candidate
            default: break
            }
        }
        if let denied { return "'\(excerpt(denied))' may not be executed; chmod +x it, or name another program" }
        let words = program.split(separator: " ")
        if words.count > 1 {
            return
                "there is no program '\(shown)' in PATH (\(excerpt(path))); write each argument as an element of its own, as"
                + " in [\(excerpt(words.joined(separator: ", ")))]"
        }
        return "there is no program '\(shown)' in PATH (\(excerpt(path))); install it, or write its path"
    }
}

extension Job {
    /// A path as it is opened for the job: relative to its working directory.
    func located(_ path: String) -> String {
        guard let directory, !path.hasPrefix("/") else { return path }
        return "\(directory)/\(path)"
    }
}

extension Job.Output {
    fileprivate var path: String? {
        switch self {
        case .file(let path), .append(let path): path
        case .capture, .discard, .inherit, .stdout: nil
        }
    }
}
