import ArgumentParser
import CGExec
import FoundationEssentials

/// `cgexec-pool learned`
struct Learned: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show, or forget, how much memory the jobs of past runs needed.",
        discussion: """
            FILE is the one that 'run --learned' named, \(LearnedPath.forPeople) when not given. There is a line for \
            each category and program, and for each kind of host where there are several: how many jobs told their need, \
            the highest of them, and what a job of the largest size seen would get next time if it declared nothing.

            The exit status is 2 when the file cannot be used, or nothing is known of a category that is to be forgotten.
            """)

    @Argument(help: ArgumentHelp("The file of what was learned.", valueName: "FILE"))
    var file: String?

    @Flag(help: "Print it as JSON.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Forget what was learned of this category; may be given several times.", valueName: "CATEGORY"))
    var forget: [String] = []

    @Flag(help: "Forget everything.")
    var forgetAll = false

    mutating func validate() throws {
        if forgetAll, !forget.isEmpty { throw ValidationError("--forget-all: it forgets '\(forget[0])' too") }
        if json, forgetAll || !forget.isEmpty { throw ValidationError("--json: forgetting shows nothing") }
    }

    mutating func run() throws {
        guard let path = file ?? LearnedPath.usual() else {
            Terminal.complain("cgexec-pool learned: neither HOME nor XDG_STATE_HOME is set; name the file")
            throw ExitCode(ExitStatus.usage)
        }
        let place = LearnedFile(path)
        do {
            let needs = try place.read()
            if forgetAll || !forget.isEmpty {
                guard try forget(in: place, needs) else { throw ExitCode(ExitStatus.usage) }
            } else if json {
                Terminal.say(try Self.json(needs, in: path))
            } else if needs.entries.isEmpty {
                Terminal.complain("cgexec-pool learned: nothing is learned yet in \(path)")
            } else {
                Terminal.say(Self.text(needs))
            }
        } catch let error as LearnedFileError {
            Terminal.complain("cgexec-pool learned: \("\(error)".harmless)")
            throw ExitCode(ExitStatus.usage)
        }
    }

    // MARK: Forgetting

    /// False when there was a category of which nothing is known; then nothing is forgotten.
    private func forget(in place: LearnedFile, _ needs: LearnedNeeds) throws(LearnedFileError) -> Bool {
        let known = Set(needs.entries.map(\.category))
        let unknown = forget.filter { !known.contains($0) }
        for category in unknown {
            let guess = closest(to: category, among: Array(known)).map { "; did you mean '\($0)'?" } ?? ""
            Terminal.complain("cgexec-pool learned: nothing is known of the category '\(category)'\(guess)".harmless)
        }
        // A file that is not there is not made only to be empty.
        guard unknown.isEmpty, !known.isEmpty else { return unknown.isEmpty }
        let categories = forgetAll ? known : Set(forget)
        try place.update { needs in for category in categories { needs.forget(category) } }
        return true
    }

    // MARK: Showing

    private static func text(_ needs: LearnedNeeds) -> String {
        let hosts = Set(needs.entries.map(\.host))
        let rows = needs.entries.map { entry in
            [
                entry.category, entry.program.name, String(entry.program.digest.prefix(8)),
                hosts == [Host.kind()] ? "" : entry.host, "\(entry.samples)", entry.highest?.description ?? "",
                entry.largestSize.map(number) ?? "", entry.estimate?.description ?? "",
                String("\(entry.updated)".prefix(16)).replacing("T", with: " "),
            ]
        }
        let head = [
            "category", "program", "version", "host", "jobs", "highest need", "largest size", "next gets", "last (UTC)",
        ]
        return Table(head: head, rows: rows, rightAligned: Set(4...7)).lines.joined(separator: "\n")
    }

    /// A size as people write it.
    private static func number(_ value: Double) -> String {
        Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    private struct Shown: Encodable {
        struct Need: Encodable {
            var category: String
            var program: ProgramVersion
            var host: String
            var jobs: Int
            var highestBytes: UInt64?
            var largestSize: Double?
            var nextBytes: UInt64?
            var updated: Timestamp
        }

        var file: String
        var host: String
        var needs: [Need]
    }

    private static func json(_ needs: LearnedNeeds, in path: String) throws -> String {
        let shown = Shown(
            file: path, host: Host.kind(),
            needs: needs.entries.map { entry in
                Shown.Need(
                    category: entry.category, program: entry.program, host: entry.host, jobs: entry.samples,
                    highestBytes: entry.highest?.bytes, largestSize: entry.largestSize,
                    nextBytes: entry.estimate?.bytes, updated: entry.updated)
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return String(decoding: try encoder.encode(shown), as: UTF8.self)
    }
}

extension ProgramVersion {
    /// The program without its directory.
    fileprivate var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}
