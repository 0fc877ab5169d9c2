import FoundationEssentials
import Glibc

/// What makes a job the same in two runs: its content, not its place in a list.
///
/// `@unchecked Sendable`: the digests guard themselves; the rest never changes.
package final class ContentKeys: @unchecked Sendable {
    private let digests = FileDigests()
    /// The entry `PATH=…` of the environment that jobs start from.
    private let environment: JobEnvironment

    /// Keys of jobs that start from this process's environment.
    package init() { environment = JobEnvironment(Host.rawEnvironment()) }

    /// Everything that the key is made from; what is not there counts as that.
    private struct Content: Encodable {
        var command: [String]
        var fallback: [String]?
        var environment: [String: String]
        var directory: String?
        var limits: Limits
        var program: String?
        var stdin: String?
        var stdout: String?
        var stderr: String?
        var inputs: [String: String]
        var repetition: Int?
        var isWarmup: Bool?
    }

    /// The job's key now. Reads the program, standard input and declared inputs, unless they are as they were when last read.
    package func key(of job: Job) -> String {
        let directory = job.directory
        func digest(_ path: String) -> String {
            let located = Array(path.utf8).located(in: directory)
            let path = String(decoding: located, as: UTF8.self)
            return digests.digest(of: path) ?? (access(path, F_OK) == 0 ? "unreadable" : "absent")
        }
        var program: String?
        if let name = job.command.first {
            let path = environment.entry("PATH", with: job.environment)
            let candidates = Spawn.candidates(for: Array(name.utf8), environment: path.map { [$0] } ?? [])
            program = digests.firstProgram(of: candidates.map { $0.located(in: directory) })?.digest
        }
        let content = Content(
            command: job.command, fallback: job.fallback, environment: job.environment, directory: directory,
            limits: job.limits, program: program, stdin: job.stdin.path.map(digest),
            stdout: job.stdout.map { "\($0)" }, stderr: job.stderr.map { "\($0)" },
            inputs: Dictionary(job.inputs.map { ($0, digest($0)) }) { first, _ in first },
            repetition: job.repetition, isWarmup: job.isWarmup ? true : nil)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var hash = ContentDigest()
        // Cannot fail: texts, numbers and lists of them.
        let bytes = (try? encoder.encode(content)) ?? Data()
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.text
    }
}
