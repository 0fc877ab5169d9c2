import Glibc
import SystemPackage

/// An owned file descriptor, closed when it goes out of scope.
struct Descriptor: ~Copyable {
    let raw: Int32

    /// Takes over a descriptor.
    init(owning raw: Int32) { self.raw = raw }

    deinit { close(raw) }

    /// Gives the descriptor away; the receiver closes it.
    consuming func release() -> Int32 {
        let raw = raw
        discard self
        return raw
    }

    /// Opens a path, relative to `directory` where it is not absolute, close-on-exec.
    static func open(
        _ path: String, in directory: Int32 = AT_FDCWD, _ flags: Int32, mode: mode_t = 0o666
    ) throws(Errno) -> Descriptor {
        Descriptor(owning: try systemCall { openat(directory, path, flags | O_CLOEXEC, mode) })
    }

    /// Everything in a control file, made anew by each call. The kernel gives it whole to a buffer that it fits into, so
    /// a read that leaves room was the last.
    func readControl() throws(Errno) -> String {
        var failure: Errno?
        let text: String? = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { buffer in
            do throws(Errno) {
                let count = try systemCall { pread(raw, buffer.baseAddress, buffer.count, 0) }
                return count < buffer.count ? String(decoding: buffer[..<count], as: UTF8.self) : nil
            } catch {
                failure = error
                return nil
            }
        }
        if let failure { throw failure }
        if let text { return text }
        return try readAll()
    }

    /// Everything in a file, from its beginning.
    func readAll() throws(Errno) -> String {
        var bytes: [UInt8] = []
        var capacity = 4096
        while true {
            var failure: Errno?
            bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
                filled = 0
                do throws(Errno) {
                    while filled < buffer.count {
                        let count = try systemCall {
                            pread(raw, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, off_t(filled))
                        }
                        if count == 0 { return }
                        filled += count
                    }
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            if bytes.count < capacity { return String(decoding: bytes, as: UTF8.self) }
            capacity *= 4
        }
    }

    /// Writes a text with one system call, as control files need it.
    func write(_ text: String) throws(Errno) {
        let bytes = Array(text.utf8)
        try systemCall { Glibc.write(raw, bytes, bytes.count) }
    }
}
