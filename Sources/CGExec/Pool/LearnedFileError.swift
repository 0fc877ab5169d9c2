import SystemPackage

/// A file of what was learned that cannot be used.
public struct LearnedFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with it.
    public enum Cause: Hashable, Sendable {
        /// It cannot be read, for this error number of the system.
        case unreadable(errno: Int32)
        /// It cannot be written, for this error number of the system.
        case unwritable(errno: Int32)
        /// Another process has had its lock for too long.
        case locked
        /// It is no regular file.
        case irregular
        /// It is of this version, which another CGExec wrote.
        case version(Int)
        /// It is not what it was when it was written.
        case damaged(String)
    }

    /// The file.
    public var path: String
    /// What is wrong with it.
    public var cause: Cause

    init(_ path: String, _ cause: Cause) {
        self.path = path
        self.cause = cause
    }

    /// The value as a text for people.
    public var description: String {
        switch cause {
        case .unreadable(let errno):
            "cannot read what was learned from \(path): \(Errno(rawValue: errno)); correct its permissions, or name another file"
        case .unwritable(let errno):
            "cannot write what is learned to \(path): \(Errno(rawValue: errno)); make its directory or correct the permissions, or name another file"
        case .locked:
            "cannot write what is learned to \(path): another process keeps \(path).lock locked; find it with 'lslocks', or name another file"
        case .irregular: "\(path) is no regular file, so nothing can be learned from it; name another file"
        case .version(let version):
            "\(path) was written by another version of CGExec (version \(version) of the file, not \(LearnedNeeds.version)); it is left as it is: name another file, or move this one away to begin anew"
        case .damaged(let what):
            "\(path) does not hold what CGExec learned, or is damaged (\(what)); it is left as it is: name another file, or move this one away to begin anew"
        }
    }
}
