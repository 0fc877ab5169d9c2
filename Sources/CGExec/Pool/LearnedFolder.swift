import Glibc
import SystemPackage

/// The directory of a file of what was learned, opened once: whatever becomes of its path meanwhile, the file, its lock and
/// its drafts are in one directory.
///
/// Others may be able to write there, as in `/tmp`: nothing that they put there is followed, written over or waited for.
struct LearnedFolder: ~Copyable {
    private let folder: Descriptor
    private let path: String
    private let name: String

    init(of path: String) throws(LearnedFileError) {
        self.path = path
        name = Self.split(path).name
        do throws(Errno) {
            folder = try Descriptor.open(Self.split(path).folder, O_RDONLY | O_DIRECTORY)
        } catch {
            throw LearnedFileError(path, .unwritable(errno: error.rawValue))
        }
    }

    /// The directory of a path, and the rest.
    static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    // MARK: Reading

    /// What is in the file; nil when there is none.
    func contents() throws(LearnedFileError) -> String? {
        try Self.contents(of: name, in: folder.raw, as: path)
    }

    /// What is in a file; nil when there is none.
    static func contents(of name: String, in folder: Int32 = AT_FDCWD, as path: String) throws(LearnedFileError)
        -> String?
    {
        do throws(Errno) {
            // Without blocking, should it be a FIFO.
            let file = try Descriptor.open(name, in: folder, O_RDONLY | O_NONBLOCK | O_NOCTTY)
            guard isRegular(file) else { throw Errno.invalidArgument }
            return try file.readAll()
        } catch {
            if error == .noSuchFileOrDirectory { return nil }
            throw LearnedFileError(path, error == .invalidArgument ? .irregular : .unreadable(errno: error.rawValue))
        }
    }

    private static func isRegular(_ file: borrowing Descriptor) -> Bool {
        var status = stat()
        return fstat(file.raw, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    // MARK: The lock

    /// Waits for so long until nobody else changes the file. The lock is another file, since this one is replaced; it stays,
    /// since who removed it might have two at work, one with the old and one with a new one.
    func lock(for patience: Duration) throws(LearnedFileError) -> FileLock {
        let file = try openLock()
        do throws(Errno) {
            return try FileLock.take(file, until: monotonicNow().advanced(by: patience))
        } catch {
            throw LearnedFileError(path, error == .wouldBlock ? .locked : .unwritable(errno: error.rawValue))
        }
    }

    private func openLock() throws(LearnedFileError) -> Descriptor {
        let flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        let lock = name + ".lock"
        let file: Int32
        do throws(Errno) {
            do throws(Errno) {
                // For writing, which NFS requires of who locks (flock(2)). Not yet with O_CREAT, which would fail for
                // what another user has in a directory such as /tmp (fs.protected_regular).
                file = try Descriptor.open(lock, in: folder.raw, O_RDWR | flags).release()
            } catch {
                let others: Int32
                switch error {
                case .noSuchFileOrDirectory: others = O_RDWR | O_CREAT
                case .permissionDenied: others = O_RDONLY
                default: throw error
                }
                file = try Descriptor.open(lock, in: folder.raw, others | flags, mode: 0o600).release()
            }
        } catch {
            // So O_NOFOLLOW tells of a link.
            if error == .tooManySymbolicLinkLevels { throw LearnedFileError(path + ".lock", .irregular) }
            throw LearnedFileError(path, .unwritable(errno: error.rawValue))
        }
        let descriptor = Descriptor(owning: file)
        guard Self.isRegular(descriptor) else { throw LearnedFileError(path + ".lock", .irregular) }
        return descriptor
    }

    // MARK: Writing

    /// Replaces the file as a whole. The lock must be held.
    func replace(with text: String) throws(LearnedFileError) {
        try writeDraft(text) { (draft) throws(Errno) in
            try systemCall { renameat(folder.raw, draft, folder.raw, name) }
        }
        // It is replaced, and who wrote it again would add the same twice: so nothing can fail any more.
        fsync(folder.raw)
    }

    /// Makes sure that the file can be replaced, unless others keep the lock.
    func checkWritable() throws(LearnedFileError) {
        _ = try openLock()
        try writeDraft("\n") { (draft) throws(Errno) in
            try systemCall { unlinkat(folder.raw, draft, 0) }
        }
    }

    /// Writes a file of its own, of a name that nobody can know before, and gives it to `use`. It does not stay.
    private func writeDraft(_ text: String, _ use: (String) throws(Errno) -> Void) throws(LearnedFileError) {
        let draft = name + "." + String(UInt64.random(in: .min ... .max), radix: 16) + ".new"
        do throws(Errno) {
            // Whose it is, and who may read it, stays as it was.
            var status = stat()
            let isThere = fstatat(folder.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0
            let mode = isThere ? status.st_mode & 0o777 : 0o666
            let file = try Descriptor.open(
                draft, in: folder.raw, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
            do throws(Errno) {
                if isThere {
                    if fchown(file.raw, status.st_uid, status.st_gid) != 0 { _ = fchown(file.raw, .max, status.st_gid) }
                    fchmod(file.raw, mode)
                }
                try write(text, to: file)
                try use(draft)
            } catch {
                unlinkat(folder.raw, draft, 0)
                throw error
            }
        } catch {
            throw LearnedFileError(path, .unwritable(errno: error.rawValue))
        }
    }

    private func write(_ text: String, to file: borrowing Descriptor) throws(Errno) {
        let descriptor = file.raw
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = try systemCall { rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } }
            rest = rest.dropFirst(count)
        }
        try systemCall { fsync(descriptor) }
    }
}
