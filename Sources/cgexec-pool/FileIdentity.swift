import CGExec
import Glibc

/// Which file a name on the command line leads to, also when it is not there yet.
struct FileIdentity {
    /// Nil for a stream.
    private let path: String?
    private let inode: (device: dev_t, number: ino_t)?

    /// The file of this name; for `-` the one that the stream was redirected to.
    init(_ name: String, stream: Int32) {
        var status = stat()
        if name == "-" {
            path = nil
            // A terminal may well be both read and written.
            let isFile = fstat(stream, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            inode = isFile ? (status.st_dev, status.st_ino) : nil
        } else {
            path = LearnedFile(name).path
            inode = stat(name, &status) == 0 ? (status.st_dev, status.st_ino) : nil
        }
    }

    /// Whether both are one file.
    func isSame(as other: FileIdentity) -> Bool {
        if let inode, let its = other.inode { return inode == its }
        return path != nil && path == other.path
    }
}
