import ArgumentParser
import CGExec

/// The options of every command that makes a pool.
struct PoolOptions: ParsableArguments {
    // Unconditionally: -1 is a value, and no option.
    @Option(
        name: [.customShort("j", allowingJoined: true), .customLong("jobs")], parsing: .unconditional,
        help: ArgumentHelp("How many jobs at once: auto, N, 50%, or -N for all CPUs but N.", valueName: "N"))
    var jobs: String?

    @Option(help: ArgumentHelp("The memory of all jobs together.", valueName: "SIZE|%"))
    var budget: String?

    @Option(
        help: ArgumentHelp(
            "What each job owns: none, thread, core, l2, l3, numa, package, or a number of threads.",
            valueName: "PIECE"))
    var affinity: String?

    @Flag(help: "Of its piece each job uses only the first thread; the others stay idle.")
    var first = false

    @Option(help: ArgumentHelp("No job gets these cores: the system and the pool do.", valueName: "N"))
    var reserve: Int?

    @Option(
        help: ArgumentHelp(
            "Take the CPUs of the slots from everybody else, isolated also from the kernel's balancing; needs root.",
            valueName: "root|isolated"))
    var partition: String?

    @Flag(help: "Where other pools hold the CPUs that are needed, fail instead of waiting for them.")
    var noWait = false

    @Flag(help: "Do not set OMP_NUM_THREADS and the like to the number of CPUs that a job owns.")
    var noThreadVariables = false

    @Option(help: ArgumentHelp("The cgroup to work in; found when not given.", valueName: "PATH"))
    var cgroup: String?

    @Flag(help: "Run even where a limit cannot be enforced; the records say what was.")
    var bestEffort = false

    @Option(
        help: ArgumentHelp(
            "strict: no job can take another's memory. packed: promise it twice, and run some again later.",
            valueName: "strict|packed"))
    var mode: String?

    @Option(
        help: ArgumentHelp(
            "Whether jobs end that would fail as one of their category did; report only notes it.",
            valueName: "on|off|report"))
    var chain: String?

    @Flag(help: "The same as --chain=off.")
    var noChain = false

    @Option(
        help: ArgumentHelp("End everything after failures, such as now,fail=1 or soon,fail=20%.", valueName: "RULE"))
    var halt: String?

    @Flag(help: "Do not learn from jobs that ran how much memory others of their category need.")
    var noLearn = false

    @Option(
        help: ArgumentHelp(
            "Where what is learned is kept for other runs; \(LearnedPath.forPeople) when not given.", valueName: "FILE")
    )
    var learned: String?

    @Option(
        help: ArgumentHelp("The least memory of each job without a limit; fewer run at once then.", valueName: "SIZE|%")
    )
    var leastMemory: String?

    @Option(
        help: ArgumentHelp(
            "How often a measured or repeated job runs again because its figures are invalid; 2 when not given.",
            valueName: "N"))
    var reruns: String?

    @Option(
        help: ArgumentHelp("Note memory and CPU time of what runs in every interval, for curves.", valueName: "TIME"))
    var sample: String?

    /// - Throws: `ValueError` where looking would be most of what is done.
    static func interval(_ text: String) throws(ValueError) -> Duration {
        let interval = try Duration(parsing: text)
        guard interval >= .milliseconds(1) else { throw ValueError(text, expected: "a time of 1 ms or more") }
        return interval
    }

    static func reruns(_ text: String) throws(ValueError) -> Int {
        guard let number = Int(text), (0...1000).contains(number) else {
            throw ValueError(text, expected: "a number from 0 on")
        }
        return number
    }

    /// Everything that is wrong with them.
    var problems: [String] {
        var problems: [String] = []
        _ = merged(into: PoolConfiguration()) { problems.append($0) }
        return problems
    }

    /// What the file says, with what was given here in its place; what is wrong is told and left out.
    func merged(into file: PoolConfiguration, problem report: (String) -> Void = { _ in }) -> PoolConfiguration {
        var result = file
        func read<Value>(
            _ name: String, _ text: String?, _ parse: (String) throws(ValueError) -> Value
        ) -> Value? {
            guard let text else { return nil }
            do throws(ValueError) {
                return try parse(text)
            } catch {
                report("--\(name): \(error)")
                return nil
            }
        }
        if let jobs = read("jobs", jobs, SlotCount.init(parsing:)) { result.jobs = jobs }
        if let budget = read("budget", budget, MemoryAmount.init(parsing:)) { result.budget = budget }
        if let affinity = read("affinity", affinity, AffinityMask.init(parsing:)) { result.affinity = affinity }
        if first { result.affinity.first = true }
        if let reserve { result.affinity.reserve = reserve }
        if result.affinity.piece == .none, first || reserve != nil {
            report("\(first ? "--first" : "--reserve"): jobs own no part of the machine; name one with --affinity")
        }
        if let reserve, reserve < 0 { report("--reserve: '\(reserve)' is not a number from 0 on") }
        if let kind = read("partition", partition, CPUPartition.init(parsing:)) { result.partition = kind }
        if noWait { result.waitsForCPUs = false }
        if noThreadVariables { result.setsThreadVariables = false }
        if let cgroup {
            if !cgroup.hasPrefix("/") { report("--cgroup: '\(cgroup)' is not an absolute path") }
            result.cgroup = cgroup
        }
        if bestEffort { result.bestEffort = true }
        if let mode = read("mode", mode, Mode.init(parsing:)) { result.mode = mode }
        if let chain = read("chain", chain, Chains.init(parsing:)) { result.chains = chain }
        if noChain { result.chains = .off }
        if let halt = read("halt", halt, Halt.init(parsing:)) { result.halt = halt }
        if noLearn {
            if learned != nil { report("--learned: with --no-learn no file is read or written") }
            result.learnsMemory = false
        }
        if let learned {
            if learned.isEmpty { report("--learned: the file has no name") }
            result.learned = .file(learned)
            result.learnsMemory = !noLearn
        }
        if let interval = read("sample", sample, Self.interval) { result.sampling = interval }
        if let reruns = read("reruns", reruns, Self.reruns) { result.reruns = reruns }
        if let least = read("least-memory", leastMemory, MemoryAmount.init(parsing:)) { result.leastShare = least }
        return result
    }
}
