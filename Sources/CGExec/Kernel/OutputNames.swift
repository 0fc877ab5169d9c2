import Glibc

/// The last step of output that is to have its name only when it is whole: the new name, or the removal.
struct OutputNames: Sendable {
    /// The files as they were written, where there is anything to be done.
    let files: [String]
    private let partial: PartialOutput?
    private let directory: String?

    /// What became of the files.
    struct Settled: Sendable {
        /// Where they are now, by the paths that they had; those that were removed are absent.
        var paths: [String: String] = [:]
        /// What could not be done, in words.
        var troubles: [String] = []
    }

    init(_ plan: LaunchPlan) {
        partial = plan.partialOutput
        directory = plan.directory
        let hasSteps = partial != nil
        files = [plan.stdout, plan.stderr].compactMap { output in
            // Appended files keep their names, whatever these are.
            if hasSteps, case .file(let path) = output, path.hasSuffix(PartialOutput.suffix) { path } else { nil }
        }
    }

    /// Gives the files their names, or removes them; blocks as file systems do.
    func settle(succeeded: Bool) -> Settled {
        var settled = Settled()
        for file in files {
            let place = String(decoding: Array(file.utf8).located(in: directory), as: UTF8.self)
            let name = String(file.dropLast(PartialOutput.suffix.count))
            if succeeded {
                if let reason = Self.rename(place, to: String(place.dropLast(PartialOutput.suffix.count))) {
                    settled.paths[file] = file
                    settled.troubles.append("its output stays in \(file): \(name) \(reason)")
                } else {
                    settled.paths[file] = name
                }
            } else if partial == .keep {
                settled.paths[file] = file
            } else if unlink(place) != 0, errno != ENOENT {
                settled.troubles.append("\(file) stays: \(String(cString: strerror(errno)))")
                settled.paths[file] = file
            }
        }
        return settled
    }

    /// Why it could not be done; nil when it is done.
    private static func rename(_ file: String, to name: String) -> String? {
        var target = name
        // A link stays one: what it leads to is what is meant.
        if let resolved = realpath(name, nil) {
            target = String(cString: resolved)
            free(resolved)
            var facts = stat()
            guard stat(target, &facts) != 0 || facts.st_mode & S_IFMT == S_IFREG else { return "is no regular file" }
        }
        guard Glibc.rename(file, target) == 0 else { return "cannot be given: \(String(cString: strerror(errno)))" }
        return nil
    }
}
