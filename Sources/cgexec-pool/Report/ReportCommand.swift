import ArgumentParser
import CGExec

/// `cgexec-pool report`
struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a run did, as its journal tells: a table, a page with plots, or files for other programs.",
        discussion: """
            JOURNAL is the file of 'run --journal', or the records of 'run --json'; '-' is standard input. Without an \
            option a table goes to standard output. Each option writes a file, '-' for standard output.

            Examples:
              cgexec-pool report suite.journal
              cgexec-pool report new.journal --compare old.journal --figure cpuSeconds
              cgexec-pool report suite.journal --html suite.html --csv suite.csv

            docs/report.md tells what is in each.
            """)

    @Argument(help: ArgumentHelp("The journal, or records.", valueName: "JOURNAL"))
    var journal: String

    @OptionGroup(title: "Files")
    var exports: ReportExports

    @Flag(help: "In the table, and in that of --markdown: every attempt, by slot and start.")
    var bySlot = false

    @OptionGroup(title: "Comparing")
    var comparison: ComparisonOptions

    /// Says everything that is wrong before anything is read.
    mutating func validate() throws {
        var problems = exports.problems(journal: journal)
        if bySlot, !exports.asked.isEmpty, exports.markdown == nil {
            problems.append(
                "--by-slot: it is about the table, which is not shown here; it goes with --markdown, or alone")
        }
        if comparison.compare != nil, let format = exports.asked.first(where: { $0.file == "-" })?.format {
            problems.append("--\(format.rawValue): standard output is for what --compare finds; name a file")
        }
        if comparison.compare == "-", journal == "-" {
            problems.append("--compare: only one of the two can be standard input")
        }
        if let error = ValidationError(problems) { throw error }
    }

    mutating func run() throws {
        let data: ReportData
        do {
            data = try ReportData(reading: journal)
        } catch let error as ReportError {
            Terminal.complain("cgexec-pool report: \(error.description.harmless)")
            throw ExitCode(ExitStatus.usage)
        }
        // All are made before one is written: then none is new beside one that is old.
        let files = try exports.asked.map { (try $0.format.render(data, bySlot: bySlot, for: $0.file), $0.file) }
        do {
            for (text, file) in files { try WholeFile.write(text, to: file) }
        } catch {
            Terminal.complain("cgexec-pool report: \(error.description.harmless)")
            throw ExitCode(ExitStatus.failed)
        }
        if let status = try comparison.status(of: journal) { throw ExitCode(status) }
        guard files.isEmpty else { return }
        var texts = [bySlot ? AttemptTables(data, bySlot: true).text : results(data)]
        if let lack = data.lack { texts.append(lack.harmless) }
        if let table = StatisticsTable(Repetitions.groups(data.attempts.map(\.record))) { texts.append(table.text) }
        Terminal.say(texts.joined(separator: "\n\n"))
    }

    private func results(_ data: ReportData) -> String {
        var summary = Summary()
        for record in data.results { summary.add(record, of: Job(record.name, record.argv)) }
        return summary.text
    }
}
