import ArgumentParser
import CGExec

/// Comparing a run with an earlier one.
struct ComparisonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Compare with this journal, or these records, of an earlier run; exit with 1 where a job's figure grew.",
            valueName: "OLD"))
    var compare: String?

    @Option(
        help: ArgumentHelp(
            "What is compared; wallSeconds unless told otherwise.",
            valueName: Figure.allCases.map(\.rawValue).joined(separator: "|")))
    var figure: String?

    @Option(help: ArgumentHelp("How much more matters; 3% unless told otherwise.", valueName: "PERCENT"))
    var threshold: String?

    @Option(
        help: ArgumentHelp("How sure a finding must be; 99.9% unless told otherwise.", valueName: "PERCENT"))
    var confidence: String?

    /// Says everything that is wrong before anything is read.
    mutating func validate() throws {
        var problems: [String] = []
        let options = [("figure", figure), ("threshold", threshold), ("confidence", confidence)]
        if compare == nil {
            problems = options.filter { $0.1 != nil }.map { "--\($0.0): it goes with --compare" }
        }
        func check(_ option: String, _ read: () throws(ValueError) -> Void) {
            do throws(ValueError) { try read() } catch { problems.append("--\(option): \(error)") }
        }
        check("figure") { () throws(ValueError) in _ = try chosenFigure() }
        check("threshold") { () throws(ValueError) in _ = try chosenThreshold() }
        check("confidence") { () throws(ValueError) in _ = try chosenConfidence() }
        if let error = ValidationError(problems) { throw error }
    }

    private func chosenFigure() throws(ValueError) -> Figure {
        guard let figure else { return .wallSeconds }
        return try Figure(parsing: figure)
    }

    private func chosenThreshold() throws(ValueError) -> Double {
        guard let threshold else { return 0.03 }
        guard let (number, suffix) = splitNumber(threshold), suffix == "%", number <= 1000 else {
            throw ValueError(threshold, expected: "a percentage from 0% to 1000%, such as 3%")
        }
        return number / 100
    }

    private func chosenConfidence() throws(ValueError) -> Double {
        guard let confidence else { return 0.999 }
        guard let (number, suffix) = splitNumber(confidence), suffix == "%", number >= 50, number <= 99.9999 else {
            throw ValueError(confidence, expected: "a percentage from 50% to 99.9999%, such as 99.9%")
        }
        return number / 100
    }

    /// Compares, where that was asked for, and says what was found.
    /// - Returns: the exit status; nil where nothing is to be compared.
    func status(of journal: String) throws -> Int32? {
        guard let compare else { return nil }
        let (before, after) = (try Self.read(compare), try Self.read(journal))
        let comparison = RunComparison(
            before: before, after: after, figure: try chosenFigure(), threshold: try chosenThreshold(),
            confidence: try chosenConfidence())
        if let warning = comparison.warning { Terminal.complain("cgexec-pool report: " + warning) }
        guard !comparison.rows.isEmpty else {
            Terminal.complain(
                "cgexec-pool report: no job of \(journal) is in \(compare): jobs are the same where name, groups and params are"
            )
            return ExitStatus.usage
        }
        Terminal.say(comparison.text)
        guard comparison.isOfUse else {
            // A gate that can never close must not look open.
            Terminal.complain(
                "cgexec-pool report: nothing could be compared: no job has two or more runs with this figure on both sides"
            )
            return ExitStatus.usage
        }
        return comparison.hasRegression ? ExitStatus.jobFailed : ExitStatus.ok
    }

    /// What cannot be read must not look like a regression, whose exit status is 1.
    private static func read(_ file: String) throws -> ReportData {
        do {
            return try ReportData(reading: file)
        } catch let error as ReportError {
            Terminal.complain("cgexec-pool report: \(error)")
            throw ExitCode(ExitStatus.usage)
        }
    }
}
