import ArgumentParser

/// The options of `report` that write a file each.
struct ReportExports: ParsableArguments {
    @Option(help: ArgumentHelp("A page with plots and a table that sorts and filters.", valueName: "FILE"))
    var html: String?

    @Option(help: ArgumentHelp("A row for each attempt, as comma-separated values.", valueName: "FILE"))
    var csv: String?

    @Option(help: ArgumentHelp("The table as Markdown, with the machines.", valueName: "FILE"))
    var markdown: String?

    @Option(help: ArgumentHelp("All records, and how many jobs ended how, as one JSON object.", valueName: "FILE"))
    var json: String?

    @Option(help: ArgumentHelp("Each job as a test case, as CI servers read it: JUnit XML.", valueName: "FILE"))
    var junit: String?

    @Option(help: ArgumentHelp("As 'parallel --joblog' writes it.", valueName: "FILE"))
    var joblog: String?

    @Option(help: ArgumentHelp("As 'hyperfine --export-json' writes it.", valueName: "FILE"))
    var hyperfine: String?

    @Option(help: ArgumentHelp("A result that BenchExec's table-generator reads.", valueName: "FILE"))
    var benchexec: String?

    /// What was asked for, and where it goes.
    var asked: [(format: ReportFormat, file: String)] {
        ReportFormat.allCases.compactMap { format in file(of: format).map { (format, $0) } }
    }

    private func file(of format: ReportFormat) -> String? {
        switch format {
        case .html: html
        case .csv: csv
        case .markdown: markdown
        case .json: json
        case .junit: junit
        case .joblog: joblog
        case .hyperfine: hyperfine
        case .benchexec: benchexec
        }
    }

    /// Everything that is wrong with them: what they would write over.
    func problems(journal: String) -> [String] {
        var problems: [String] = []
        var before: [(option: String, name: String, file: FileIdentity)] = []
        let source = FileIdentity(journal, stream: 0)
        for (format, file) in asked {
            let option = "--\(format.rawValue)"
            guard !file.isEmpty else {
                problems.append("\(option): the file has no name")
                continue
            }
            let target = FileIdentity(file, stream: 1)
            if target.isSame(as: source) {
                problems.append(
                    "\(option): \(file) is what is to be reported, and would be written over; name another file")
            }
            if file != "-" || before.allSatisfy({ $0.name != "-" }),
                let other = before.first(where: { $0.file.isSame(as: target) })
            {
                problems.append("\(option): \(file) is where \(other.option) writes as well; name another file")
            }
            before.append((option, file, target))
        }
        let streams = asked.filter { $0.file == "-" }
        if streams.count > 1 {
            let options = streams.map { "--\($0.format.rawValue)" }.joined(separator: ", ")
            problems.append("\(options): only one of them can have standard output ('-'); name a file for the others")
        }
        return problems
    }
}
