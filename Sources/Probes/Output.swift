import Glibc

/// Writes straight to descriptors: nothing stays in a buffer of ours while a probe holds or after it was killed.
enum Output {
    static func report(_ json: JSON, to descriptor: Int32 = STDOUT_FILENO) throws(Failure) {
        try write(json.text + "\n", to: descriptor)
    }

    static func complain(_ failure: Failure) {
        // Nobody is left to tell if standard error is gone as well.
        try? write("cgexec-probe: \(failure.message)\n", to: STDERR_FILENO)
    }

    static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) throws(Failure) {
        var text = text
        let error = text.withUTF8 { bytes in
            writeAll(UnsafeRawBufferPointer(bytes), to: descriptor).errno
        }
        if let error { throw .system(operation: "write", object: "descriptor \(descriptor)", errno: error) }
    }

    /// How much went out, and the errno that stopped it.
    static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> (written: Int, errno: Int32?) {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                // A descriptor shared with a program that made it non-blocking.
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
            } else if errno != EINTR {
                return (written, errno)
            }
        }
        return (written, nil)
    }
}
