import Glibc

/// Paths by pattern, as the shell has them.
enum Glob {
    typealias Function = @Sendable (String) throws(Failure) -> [String]

    /// Why a pattern gave no list of paths.
    struct Failure: Error, Hashable {
        var reason: String
    }

    /// The paths that match, in the order of their bytes, whatever the locale; hidden files only where the pattern
    /// names the dot. The corresponding C function is `glob`.
    @Sendable static func paths(matching pattern: String) throws(Failure) -> [String] {
        guard !pattern.contains("**") else {
            throw Failure(reason: "** is not supported; write one * for each level of directories")
        }
        var found = glob_t()
        defer { globfree(&found) }
        // A directory that cannot be read would silently give a shorter list.
        switch Glibc.glob(pattern, GLOB_ERR | GLOB_NOSORT, nil, &found) {
        case 0: break
        case GLOB_NOMATCH: return []
        case GLOB_ABORTED:
            throw Failure(reason: "a directory on the way cannot be read: \(String(cString: strerror(errno)))")
        default: throw Failure(reason: "out of memory while looking for matching files")
        }
        var paths: [String] = []
        for index in 0..<Int(found.gl_pathc) {
            guard let name = found.gl_pathv[index] else { continue }
            guard let path = String(validatingCString: name) else {
                throw Failure(reason: "the name of '\(excerpt(String(cString: name)))' is not UTF-8; rename the file")
            }
            paths.append(path)
        }
        return paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
