import Glibc

/// Fills files with noise, for the page cache and for tmpfs.
enum FileFill {
    /// A new file only: a probe never overwrites what it did not make.
    static func create(_ path: String) throws(Failure) -> Int32 {
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system("create", path) }
        return file
    }

    static func write(_ bytes: Int, to file: Int32) throws(Failure) -> (written: Int, errno: Int32?) {
        let buffer = try Mapping.make(bytes: 64 << 10)
        defer { munmap(buffer.baseAddress, buffer.count) }
        var noise = Noise(seed: UInt64(getpid()) << 1)
        var written = 0
        while written < bytes {
            noise.fill(buffer)
            let piece = UnsafeRawBufferPointer(rebasing: buffer[..<min(buffer.count, bytes - written)])
            let (count, error) = Output.writeAll(piece, to: file)
            written += count
            if let error { return (written, error) }
        }
        return (written, nil)
    }
}
