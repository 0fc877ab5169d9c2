import Glibc
import SystemPackage

/// Appends lines to a descriptor on a thread of its own, so that no timeout ever waits for a slow disk or a full pipe.
///
/// `@unchecked Sendable`: all state is behind the monitor's lock.
package final class LineWriter: @unchecked Sendable {
    private let descriptor: Int32
    private let name: String
    private let threads = Threads()
    private let monitor = Monitor()
    private var waiting: [UInt8] = []
    private var isWriting = false
    private var failure: KernelError?

    /// Writes to an open descriptor; `name` is for messages. The descriptor stays the caller's.
    package init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    /// Appends a line. What cannot be written is told by `finish`.
    package func append(_ line: String) {
        let mustStart = monitor.withLock {
            waiting += Array(line.utf8) + [UInt8(ascii: "\n")]
            defer { isWriting = true }
            return !isWriting
        }
        // Without a thread the caller has to wait after all: no line is lost.
        if mustStart && !threads.run({ [self] in drain() }) { drain() }
    }

    /// Waits until everything is written.
    /// - Throws: the first failure; the lines from then on may be missing.
    package func finish() throws(KernelError) {
        let failure = monitor.withLock {
            while isWriting { monitor.wait() }
            return self.failure
        }
        threads.close()
        if let failure { throw failure }
    }

    private func drain() {
        while let bytes = nextBytes() {
            var rest = bytes[...]
            while !rest.isEmpty {
                do throws(Errno) {
                    let count = try systemCall { rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } }
                    rest = rest.dropFirst(count)
                } catch {
                    monitor.withLock { failure = failure ?? KernelError(.write, name, error) }
                    break
                }
            }
        }
    }

    private func nextBytes() -> [UInt8]? {
        monitor.withLock {
            defer { waiting = [] }
            if waiting.isEmpty {
                isWriting = false
                monitor.broadcast()
                return nil
            }
            return waiting
        }
    }
}
