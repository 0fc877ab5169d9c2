import CGExec

/// What is said where this host cannot enforce what was asked: each reason at the place where it was asked for, and at
/// the end the ways out.
enum Refusal {
    /// - Parameters:
    ///   - command: the command's name, for what was asked on its line.
    ///   - file: the job file in which limits may stand.
    ///   - isStrict: whether nothing less will do: only then there is another way.
    static func text(_ error: HostUnfit, command: String, file: JobFile? = nil, isStrict: Bool) -> String {
        let lines = error.reasons.map { reason in
            let written = file.flatMap { place(of: reason.what, in: $0) }
            return "\(written ?? "cgexec-pool \(command)"): \(reason)"
        }
        let ways =
            (isStrict && error.reasons.allSatisfy(\.isLeftOutByBestEffort)
                ? ["'--best-effort' runs it without what is missing"] : [])
            + ["'cgexec-pool doctor' tells what this host can enforce"]
        return (lines + ["Nothing was started: \(ways.joined(separator: "; "))."]).joined(separator: "\n")
    }

    /// Where the first of these options was written.
    private static func place(of options: String, in file: JobFile) -> String? {
        let keys = options.split(separator: ", ").map { String($0.drop { $0 == "-" }) }
        let found = file.jobs.lazy.compactMap { job in
            keys.lazy.compactMap { job.pattern.draft.limits[$0]?.place }.first
        }
        guard let place = found.first else { return nil }
        let name = file.name == "-" ? "<stdin>" : file.name
        return "\(name):\(place.position.line):\(place.position.column): \(place.path)"
    }
}
