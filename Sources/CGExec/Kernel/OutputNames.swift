import Glibc

/// The last step of output that is to have its name only when it is whole: the new name, or the removal.
struct OutputNames: Sendable {
    /// The files as they were written, where there is anything to be done.
    let files: [String]
    private let partial: PartialOutput?

    init(_ plan: LaunchPlan) {
        partial = plan.partialOutput
        files =
            partial == nil
            ? []
            : [plan.stdout, plan.stderr].compactMap(\.path).filter { $0.hasSuffix(PartialOutput.suffix) }.map { path in
                String(decoding: Array(path.utf8).located(in: plan.directory), as: UTF8.self)
            }
    }

    /// Gives the files their names, or removes them; blocks as file systems do. What could not be done, in words.
    func settle(succeeded: Bool) -> [String] {
        files.compactMap { file in
            let name = String(file.dropLast(PartialOutput.suffix.count))
            let status =
                succeeded ? rename(file, name) : partial == .remove ? unlink(file) : 0
            // One that was never made is not missed.
            guard status != 0, errno != ENOENT || succeeded else { return nil }
            let reason = String(cString: strerror(errno))
            return succeeded
                ? "its output stays in \(file), which could not be renamed: \(reason)" : "\(file) stays: \(reason)"
        }
    }

    /// A stream's path as it is afterwards; nil where the file is not there any more.
    func path(_ path: String, succeeded: Bool) -> String? {
        guard partial != nil, path.hasSuffix(PartialOutput.suffix) else { return path }
        return succeeded ? String(path.dropLast(PartialOutput.suffix.count)) : partial == .keep ? path : nil
    }
}
