import Glibc
import SystemPackage

/// The digests of files that were read once and have not changed since.
///
/// `@unchecked Sendable`: all state is behind the monitor's lock.
final class FileDigests: @unchecked Sendable {
    private struct File: Hashable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var changed: [Int]

        init(_ status: stat) {
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            // The change time too: a modification time can be set to what it was before.
            changed = [
                status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
            ]
        }
    }

    private let monitor = Monitor()
    private var known: [File: String] = [:]

    /// The first of these files that can be executed; nil when there is none, or it cannot be read.
    func firstProgram(of candidates: [[UInt8]]) -> ProgramVersion? {
        for bytes in candidates where !bytes.contains(0) {
            let path = bytes.map { CChar(bitPattern: $0) } + [0]
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0
            else { continue }
            return digest(of: path).map { ProgramVersion(path: String(decoding: bytes, as: UTF8.self), digest: $0) }
        }
        return nil
    }

    /// Of a file; nil when it cannot be read.
    func digest(of path: String) -> String? { digest(of: Array(path.utf8CString)) }

    private func digest(of path: [CChar]) -> String? {
        // Without blocking, should a FIFO have taken its place since.
        let raw = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard raw >= 0 else { return nil }
        let descriptor = Descriptor(owning: raw)
        var status = stat()
        guard fstat(descriptor.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let file = File(status)
        if let digest = monitor.withLock({ known[file] }) { return digest }
        guard let digest = Self.digest(of: descriptor.raw) else { return nil }
        monitor.withLock { known[file] = digest }
        return digest
    }

    private static func digest(of descriptor: Int32) -> String? {
        var digest = ContentDigest()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        do throws(Errno) {
            while true {
                let count = try systemCall { read(descriptor, buffer.baseAddress, buffer.count) }
                if count == 0 { return digest.text }
                digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        } catch {
            return nil
        }
    }
}
