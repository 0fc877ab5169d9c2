import Floor
import Glibc

/// A command as C has it, made once and not in the loop that is measured.
final class Command {
    private let words: [UnsafeMutablePointer<CChar>?]

    init(_ words: [String]) { self.words = words.map { strdup($0) } + [nil] }

    deinit { for word in words { free(word) } }

    func withArguments<Result>(_ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) throws -> Result) rethrows
        -> Result
    {
        try words.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("it always has a NULL at its end") }
            return try body(base)
        }
    }

    /// posix_spawn, waitpid.
    func run(quiet: Bool = false) throws {
        let status = try withArguments { try checked(floor_spawn($0, quiet ? 1 : 0), "spawn") }
        guard status == 0 else {
            throw Failure("\(words[0].map { String(cString: $0) } ?? "") exited with \(status)")
        }
    }
}

/// Where a program is on PATH.
func find(_ program: String) -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
}
