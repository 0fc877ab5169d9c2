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
              cgexec-pool report suite.journal --html suite.html --csv suite.csv

            docs/report.md tells what is in each.
            """)

    @Argument(help: ArgumentHelp("The journal, or records.", valueName: "JOURNAL"))
    var journal: String

    mutating func run() throws {
        let data = try ReportData(reading: journal)
        var summary = Summary()
        for record in data.results { summary.add(record, of: Job(record.name, record.argv)) }
        Terminal.say(summary.text)
    }
}
