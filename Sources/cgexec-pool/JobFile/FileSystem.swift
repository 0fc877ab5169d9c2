import Glibc
import SystemPackage

/// What a preflight asks of the file system; each answer is why not, or nil for yes.
struct FileSystem: Sendable {
    /// Whether the file can be read.
    var read: @Sendable (String) -> Errno?
    /// Whether the file can be written, or made if it is not there, with the directories above it.
    var write: @Sendable (String) -> Errno?
    /// Whether the program can be executed.
    var execute: @Sendable (String) -> Errno?
    /// Whether the path is a directory that can be entered.
    var enter: @Sendable (String) -> Errno?

    /// This host's.
    static let real = FileSystem(
        read: { path in isDirectory(path) ? .isDirectory : access(path, R_OK) },
        write: { path in
            if isDirectory(path) { return .isDirectory }
            let refusal = access(path, W_OK)
            return refusal == .noSuchFileOrDirectory ? makeIn(FilePathParts(path).directory) : refusal
        },
        // A directory has execute permission too.
        execute: { path in isDirectory(path) ? .permissionDenied : access(path, X_OK) },
        enter: { path in
            let refusal = access(path, X_OK)
            return refusal == nil && !isDirectory(path) ? .notDirectory : refusal
        })

    /// Whether something can be made in a directory, with all above it that is missing, as output files are.
    private static func makeIn(_ directory: String) -> Errno? {
        let refusal = access(directory, W_OK | X_OK)
        guard refusal == .noSuchFileOrDirectory else {
            return refusal ?? (isDirectory(directory) ? nil : .notDirectory)
        }
        let above = FilePathParts(directory).directory
        // A link to nowhere is there, and nothing can be made through it.
        var status = stat()
        return above == directory || lstat(directory, &status) == 0 ? refusal : makeIn(above)
    }

    /// As the effective user, who will open and execute. The corresponding C function is `faccessat`.
    private static func access(_ path: String, _ mode: Int32) -> Errno? {
        faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0 ? nil : Errno(rawValue: errno)
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
