import CGExec

/// From one element of `jobs:` to the jobs of its sweep.
extension JobFileReader {
    /// Adds the jobs of every combination of values; the first variable varies slowest.
    ///
    /// - Returns: false when there would be too many jobs in all, so that nothing more needs to be read.
    mutating func expand(_ pattern: JobPattern) -> Bool {
        // A variable without values was reported; the job is still judged once.
        let variables = pattern.draft.sweep.filter { !$0.values.isEmpty }
        let total = variables.reduce(1.0) { $0 * Double($1.values.count) } + Double(file.jobs.count)
        guard total <= Double(mostJobs) else {
            report(
                pattern.place,
                "this sweep brings the file to \(total < 1e15 ? "\(Int(total))" : "\(total)") jobs, where \(mostJobs) are the most; "
                    + "split the file or the sweep")
            return false
        }
        var values = Dictionary(variables.compactMap { variable in variable.values.first.map { (variable.name, $0) } })
        { $1 }
        var indices = variables.map { _ in 0 }
        while true {
            add(pattern, values)
            var digit = indices.count - 1
            while digit >= 0, indices[digit] + 1 == variables[digit].values.count {
                indices[digit] = 0
                values[variables[digit].name] = variables[digit].values[0]
                digit -= 1
            }
            guard digit >= 0 else { break }
            indices[digit] += 1
            values[variables[digit].name] = variables[digit].values[indices[digit]]
        }
        return true
    }

    private mutating func add(_ pattern: JobPattern, _ values: [String: String]) {
        let seq = file.jobs.count + 1
        var job = pattern.job(values: values, seq: seq)
        if let size = pattern.draft.size, !pattern.isOpen(size.value) {
            let text = Bindings(values: values, seq: seq, name: job.name).text(size.value)
            if let number = Self.size(text) {
                job.size = number
            } else {
                repeated.add("size", size.place, Self.badSize(text))
            }
        }
        if job.name.isEmpty, let name = pattern.draft.name { repeated.add("name", name.place, "the name is empty") }
        let bindings = Bindings(values: values, seq: seq, name: job.name)
        for output in [pattern.draft.stdout, pattern.draft.stderr] where pattern.draft.repeatRule.isRepeated {
            guard case .file(let path) = output, !path.value.references.contains(where: { $0.builtIn == .repetition })
            else { continue }
            repeated.add(
                "repeat", path.place,
                "each run of this job would make '\(excerpt("\(bindings.text(path.value))"))' anew, and only one would survive;"
                    + " put {repeat} into the name, or use append")
        }
        claim(job.stdout, of: job, pattern.draft.stdout?.path?.place)
        claim(job.stderr, of: job, pattern.draft.stderr?.path?.place)
        var planned = PlannedJob(job: job, seq: seq, pattern: pattern)
        planned.repeats = pattern.draft.repeatRule
        planned.after = (pattern.draft.after ?? []).map { Located(value: bindings.text($0.value), place: $0.place) }
        if let group = pattern.draft.group {
            let path = bindings.text(group.value)
            if path.split(separator: "/", omittingEmptySubsequences: false).contains("") {
                repeated.add("group", group.place, "'\(excerpt(path))' is not a group: write name or outer/inner")
            } else {
                planned.group = path
            }
        }
        file.jobs.append(planned)
    }

    /// Refuses a file that two streams would each make anew, so that only one of them would be left in it.
    private mutating func claim(_ output: Job.Output?, of job: Job, _ place: Place?) {
        guard case .file(let name) = output, let place, !name.hasPrefix("/dev/") else { return }
        let path = job.located(name)
        if let first = outputs[Array(path.utf8)] {
            repeated.add(
                "output", place,
                "'\(excerpt(path))' is also made by \(first.path) in line \(first.position.line), and only one would survive; "
                    + "put {seq} or a variable into the name, use append, or stderr: stdout for both streams of a job")
        } else {
            outputs[Array(path.utf8)] = place
        }
    }
}
