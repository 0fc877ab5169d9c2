import CGExec

@testable import cgexec_pool

/// Reads a text as a job file; patterns match nothing unless `paths` says what.
func reading(
    _ text: String, _ format: JobFileFormat = .yaml, paths: [String: [String]] = [:]
) -> JobFile.Reading {
    JobFile.read(text, name: "test", format: format) { pattern throws(Glob.Failure) in paths[pattern] ?? [] }
}

/// The jobs of a text that must be right.
func jobs(
    _ text: String, _ format: JobFileFormat = .yaml, paths: [String: [String]] = [:]
) throws(Problems) -> [Job] {
    try reading(text, format, paths: paths).checked().jobs.map(\.job)
}

/// The problems of a text as lines `LINE:COLUMN: keys: message`, without the last line that counts them.
func problems(_ text: String, _ format: JobFileFormat = .yaml, paths: [String: [String]] = [:]) -> [String] {
    lines(Problems(file: "f", reading(text, format, paths: paths).problems))
}

func lines(_ problems: Problems) -> [String] {
    problems.description.split(separator: "\n").dropLast().map { String($0.dropFirst("f:".count)) }
}
