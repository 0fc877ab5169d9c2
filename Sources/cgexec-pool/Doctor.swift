import ArgumentParser
import CGExec
import FoundationEssentials

/// `cgexec-pool doctor`
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what this host can enforce and what may disturb measurements; for each the cause and the cure.",
        discussion: "The exit status is 0 when everything is there, and 69 when something is missing.")

    @Flag(help: "Print the findings as JSON.")
    var json = false

    @Option(help: ArgumentHelp("The cgroup to look at; found when not given.", valueName: "PATH"))
    var cgroup: String?

    mutating func run() throws {
        if case .scope(let isRoot) = Location.find(requested: cgroup) { Scope.restart(isRoot: isRoot) }
        let report = HostReport.now(cgroup: cgroup)
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
            Terminal.say(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            Terminal.say(Self.text(report))
        }
        if !report.isComplete { throw ExitCode(ExitStatus.hostUnfit) }
    }

    private static func text(_ report: HostReport) -> String {
        var lines = ["\(report.host), Linux \(report.kernel), CPUs \(report.cpus)"]
        if let budget = report.budgetBytes {
            lines.append("memory for jobs unless told otherwise: \(ByteSize(budget))")
        }
        lines.append("")
        let width = report.findings.map(\.name.count).max() ?? 0
        for (index, finding) in report.findings.enumerated() {
            let name = finding.name + String(repeating: " ", count: width - finding.name.count)
            lines.append("\(finding.isAvailable ? "yes" : "NO ")  \(name)  \(finding.detail)  (\(finding.purpose))")
            // One cure for several in a row stands below the last of them.
            let next = report.findings.dropFirst(index + 1).first
            if let cure = finding.cure, cure != next?.cure {
                lines.append("     \(String(repeating: " ", count: width))  → \(cure)")
            }
        }
        let claims = (try? ClaimFolder.usual(makes: false)?.claims()) ?? []
        if !claims.isEmpty { lines += [""] + claims.map { "\($0)".harmless } }
        lines.append("")
        let missing = report.findings.filter { !$0.isAvailable }
        lines.append(
            missing.isEmpty
                ? "Every limit can be enforced here."
                : "\(missing.count) of \(report.findings.count) missing. What needs them is refused with exit status 69, or runs"
                    + " without them under --best-effort.")
        if !report.noise.findings.isEmpty { lines += ["", "What may disturb measurements:", ""] + noise(report.noise) }
        return lines.joined(separator: "\n")
    }

    private static func noise(_ noise: HostNoise) -> [String] {
        let width = noise.findings.map(\.name.count).max() ?? 0
        return noise.findings.flatMap { finding in
            let name = finding.name + String(repeating: " ", count: width - finding.name.count)
            let line = "\(finding.isQuiet ? "quiet" : "NOISE")  \(name)  \(finding.detail)"
            return [line] + (finding.cure.map { ["       \(String(repeating: " ", count: width))  → \($0)"] } ?? [])
        }
    }
}
