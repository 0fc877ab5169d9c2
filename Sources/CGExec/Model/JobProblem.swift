/// One thing that is wrong with a job.
public struct JobProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The word that is concerned, as in a job file: `memory`, `command` …
    public var key: String
    /// What is wrong and what to do about it.
    public var message: String

    /// The value as a text for people.
    public var description: String { "\(key): \(message)" }
}

/// A job that cannot be run as it is: everything that is wrong with it.
public struct InvalidJob: Error, Hashable, Sendable, CustomStringConvertible {
    /// The job's name.
    public var name: String
    /// Everything that is wrong with it.
    public var problems: [JobProblem]

    /// The value as a text for people.
    public var description: String { problems.map { "job \(name): \($0)" }.joined(separator: "\n") }
}

extension Job {
    /// Everything that makes this job impossible with these CPUs and this budget; empty when it can run.
    public func problems(cpus allowed: CPUSet, budget: ByteSize?) -> [JobProblem] {
        var problems: [JobProblem] = []
        func report(_ key: String, _ message: String) { problems.append(JobProblem(key: key, message: message)) }

        if command.first?.isEmpty ?? false { report("command", "it has no program") }
        if fallback?.first?.isEmpty ?? (fallback != nil) { report("fallback", "it has no program") }
        func check(_ key: String, _ texts: [String]) {
            if texts.contains(where: { $0.utf8.contains(0) }) {
                report(key, "a NUL byte cannot be passed to a program")
            }
        }
        check("name", [name])
        check("command", command)
        check("fallback", fallback ?? [])
        check("env", environment.flatMap { [$0.key, $0.value] })
        check("cwd", [directory ?? ""])
        check("stdin", [stdin.path ?? ""])
        check("stdout", [stdout?.path ?? ""])
        check("stderr", [stderr?.path ?? ""])
        if environment.keys.contains(where: { $0.isEmpty || $0.contains("=") }) {
            report("env", "names must not be empty or contain '='")
        }
        if stdout == .stdout { report("stdout", "only stderr can go to stdout") }
        if !(size >= 0 && size.isFinite) { report("size", "it must be a number from 0 on") }
        if !(slowdown > 0 && slowdown.isFinite) { report("slowdown", "it must be a number above 0") }
        if startDelay < .zero { report("start-delay", "it must not be negative") }
        if let retry {
            if retry.limit < 0 { report("retries", "it must be a number from 0 on") }
            if retry.backOff < .zero { report("back-off", "it must not be negative") }
            let reads = retry.rules.contains { if case .stderr = $0 { true } else { false } }
            if reads, stderrIsLost { report("retry-on", "stderr can only be searched where it is captured") }
        }
        // A value made in a program gets the check that a text gets.
        for option in LimitOption.all {
            for text in option.value(limits)?.texts ?? [] {
                do throws(ValueError) {
                    var ignored = Limits()
                    try option.apply(text, to: &ignored)
                } catch {
                    report(option.name, error.description)
                }
            }
        }
        if let cpus = limits.cpus, cpus > allowed.count {
            report("cpus", "\(cpus) asked for, but only \(allowed.count) may be used here (\(allowed))")
        }
        if let cpuset = limits.cpuset {
            if !cpuset.isSubset(of: allowed) {
                report("cpuset", "CPUs \(cpuset.subtracting(allowed)) may not be used here: choose from \(allowed)")
            }
            if let cpus = limits.cpus, cpuset.count < cpus {
                report("cpus", "\(cpus) asked for, but cpuset \(cpuset) has only \(cpuset.count)")
            }
        }
        for (key, amount) in [("memory", limits.memory), ("need", limits.need)] {
            guard let amount else { continue }
            guard let size = amount.resolved(of: budget) else {
                report(key, "a percentage needs a budget: give a size, or a budget")
                continue
            }
            if let budget, size > budget {
                report(key, "\(size) is more than the budget of \(budget): lower it, or raise the budget")
            }
        }
        if let need = limits.need?.resolved(of: budget), let memory = limits.memory?.resolved(of: budget), need > memory
        {
            report("need", "\(need) is more than the memory limit of \(memory)")
        }
        if limits.thrash != nil && limits.memory == nil {
            report("thrash", "it counts what a memory limit causes: set memory")
        }
        if restartsOnTimeout && limits.timeout == nil {
            report("restart-on-timeout", "there is no time that could be over: set timeout")
        }
        if limits.onPids != nil && limits.pids == nil { report("on-pids", "it needs a number of processes: set pids") }
        return problems
    }

    /// Whether what it writes to stderr never comes to us.
    private var stderrIsLost: Bool {
        switch (stderr, stdout) {
        case (.capture?, _), (nil, _), (.stdout?, .capture?), (.stdout?, nil): false
        default: true
        }
    }
}
