import CGExec
import Glibc

/// Where what was learned is kept unless a file is named: in the folder for state of the XDG Base Directory
/// Specification.
enum LearnedPath {
    /// The usual place, for help.
    static let forPeople = "~/.local/state/cgexec/needs.json"

    /// The usual place of this user; nil where there is no home.
    static func usual(_ environment: [String: String] = Host.environment()) -> String? {
        // "All paths set in these environment variables must be absolute" (the specification); others are ignored.
        if let folder = environment["XDG_STATE_HOME"], folder.hasPrefix("/") { return folder + "/cgexec/needs.json" }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return home + "/.local/state/cgexec/needs.json"
    }

    /// The place that was asked for; nil when none was.
    static func asked(_ configuration: PoolConfiguration) -> String? {
        if case .file(let path) = configuration.learned { return path }
        return nil
    }

    /// The configuration with the usual place in it, where none was asked for and there is something to learn. That it
    /// cannot be used is no reason not to run: nobody asked for it.
    static func chosen(_ configuration: PoolConfiguration, for file: JobFile) -> PoolConfiguration {
        guard configuration.learnsMemory, asked(configuration) == nil,
            file.jobs.contains(where: { $0.job.category != nil })
        else { return configuration }
        var result = configuration
        let complaint: String
        if let path = usual() {
            do {
                if let folder = foreignFolder(above: path) {
                    throw ReportError(
                        description: "cannot keep what is learned in \(path): \(folder) is another user's, as with sudo"
                    )
                }
                makeFolders(above: path)
                _ = try LearnedFile(path).read()
                try LearnedFile(path).checkWritable()
                result.learned = .file(path)
                return result
            } catch {
                complaint = "\(error)".harmless
            }
        } else {
            complaint = "cannot keep what is learned: neither HOME nor XDG_STATE_HOME is set"
        }
        Terminal.complain(
            "cgexec-pool run: \(complaint); this run learns for itself only (--learned names a file, --no-learn learns nothing)"
        )
        return result
    }

    /// A folder of another user's in which folders would be made that this user could not change then: that in which
    /// they would be made, or the home. What is root's, such as `/tmp`, is nobody's home but root's.
    private static func foreignFolder(above path: String) -> String? {
        var status = stat()
        var folder = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        while !folder.isEmpty, stat(String(folder), &status) != 0 {
            folder = folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)]
        }
        let home = Host.environment()["HOME"].flatMap { path.hasPrefix($0 + "/") ? $0 : nil }
        return [home, String(folder)].compactMap(\.self).first {
            stat($0, &status) == 0 && status.st_uid != geteuid() && status.st_uid != 0
        }
    }

    /// Only the user may enter what is made (the specification). What cannot be made is told by who writes there.
    private static func makeFolders(above path: String) {
        var folder = ""
        for name in path.split(separator: "/").dropLast() {
            folder += "/" + name
            mkdir(folder, 0o700)
        }
    }
}
