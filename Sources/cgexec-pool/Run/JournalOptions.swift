import ArgumentParser
import CGExec

/// The options about the journal of a run.
struct JournalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Write a line for each start and each end to this file, for --resume.", valueName: "FILE"))
    var journal: String?

    @Flag(help: "Take up the run that the journal tells of: what is done there is not run again.")
    var resume = false

    @Flag(help: "With --resume, run again what failed.")
    var rerunFailed = false

    @Option(
        help: ArgumentHelp(
            "What a line of the journal outlives: process (the default), or with sync also the machine.",
            valueName: "process|sync"))
    var durability: String?

    /// Everything that is wrong with them.
    var problems: [String] {
        var problems: [String] = []
        if journal == nil {
            for (name, isGiven) in [("resume", resume), ("durability", durability != nil)] where isGiven {
                problems.append("--\(name): name the journal with --journal FILE")
            }
        }
        if journal == "" { problems.append("--journal: the file has no name") }
        if journal == "-" { problems.append("--journal: a journal is read again, which '-' cannot be; name a file") }
        if rerunFailed, !resume { problems.append("--rerun-failed: it goes with --resume") }
        if let durability, !["process", "sync"].contains(durability) {
            problems.append("--durability: \(ValueError(durability, expected: "process or sync"))")
        }
        return problems
    }

    /// What would be written over by something else.
    func collision(jobs: String, records: String?) -> String? {
        guard let journal else { return nil }
        let own = FileIdentity(journal, stream: 0)
        if own.isSame(as: FileIdentity(jobs, stream: 0)) { return "--journal: \(journal) is the job file itself" }
        if let records, own.isSame(as: FileIdentity(records, stream: 1)) {
            return "--journal: \(journal) is where --json writes as well; name another file"
        }
        return nil
    }

    /// The journal; nil where none was asked for.
    /// - Throws: `ReportError` where an earlier run is in it that is not to be taken up: its results are not ours to remove.
    func open() throws -> Journal? {
        guard let path = journal else { return nil }
        let journal = try Journal(path, syncs: durability == "sync")
        // One that never came to start anything has no results that could be lost.
        let isBlank = journal.before.ended.isEmpty && journal.before.running.isEmpty
        guard resume || isBlank else {
            throw ReportError(
                description:
                    "--journal: \(path) has an earlier run: --resume takes it up; or name another file, or remove it")
        }
        return journal
    }
}
