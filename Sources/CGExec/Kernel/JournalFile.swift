import Glibc
import SystemPackage

/// A file of lines that one process at a time appends to, and that tells the truth whenever that process dies: each line is
/// in it or not, but for the last, which may be cut short.
///
/// Lines are written on a thread of their own, so that no timeout ever waits for a slow disk. What cannot be written, as
/// on a full disk, is kept and tried again.
///
/// `@unchecked Sendable`: the queue is behind the monitor's lock; the descriptor and the rest of a line that was not written
/// are the writing thread's, of which there is one at a time.
package final class JournalFile: @unchecked Sendable {
    package let path: String
    private let syncs: Bool
    private let descriptor: Descriptor
    private let threads = Threads()
    private let monitor = Monitor()
    private var waiting: [Entry] = []
    private var isWriting = false
    private var failure: KernelError?
    /// When it is no use any more to try again.
    private var deadline: Instant?
    private var unwritten: [UInt8] = []
    /// Why what was handed to the system did not reach the disk.
    private var lost: KernelError?

    /// Called, on another thread, when writing begins to fail, and with nil when it works again.
    package var onTrouble: @Sendable (KernelError?) -> Void = { _ in }

    private struct Entry {
        var bytes: @Sendable () -> [UInt8]
        var written: @Sendable () -> Void
    }

    /// Opens a journal, or makes it, and keeps every other process from writing to it.
    ///
    /// - Parameters:
    ///   - syncs: whether a line counts as written only when it is on the disk (fdatasync(2)); else it outlives this process,
    ///     but not the machine.
    package convenience init(_ path: String, syncs: Bool) throws(KernelError) {
        // By its own name: what takes its place is not to take the place of a link to it.
        let real = realpath(path, nil)
        defer { free(real) }
        let path = real.map { String(cString: $0) } ?? path
        do throws(Errno) {
            self.init(try Self.locked(path), path, syncs: syncs)
        } catch {
            let cure: String? =
                switch error {
                case .wouldBlock:
                    "Another run writes to it ('fuser \(path)' tells which): wait for its end, or name another"
                case .notSupported: "A journal must be a regular file"
                default: nil
                }
            throw KernelError(.open, path, error == .wouldBlock ? .resourceBusy : error, cure: cure)
        }
    }

    private init(_ descriptor: consuming Descriptor, _ path: String, syncs: Bool) {
        self.descriptor = descriptor
        self.path = path
        self.syncs = syncs
    }

    private static func locked(_ path: String) throws(Errno) -> Descriptor {
        while true {
            let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK, mode: 0o644)
            var opened = stat()
            var named = stat()
            guard fstat(file.raw, &opened) == 0, opened.st_mode & S_IFMT == S_IFREG else { throw .notSupported }
            try systemCall { flock(file.raw, LOCK_EX | LOCK_NB) }
            // Somebody may have put another in its place before we had the lock.
            if stat(path, &named) == 0, named.st_ino == opened.st_ino, named.st_dev == opened.st_dev { return file }
        }
    }

    // MARK: Reading

    /// The whole lines so far, and whether there is more: what a writer that was killed did not finish.
    package func lines() throws(KernelError) -> (whole: [Substring], hasRest: Bool) {
        do throws(Errno) {
            let text = try descriptor.readAll()
            let newline = UInt8(ascii: "\n")
            let end = text.utf8.lastIndex(of: newline).map { text.utf8.index(after: $0) } ?? text.startIndex
            return (text[..<end].split(separator: "\n"), end < text.endIndex)
        } catch {
            throw KernelError(.read, path, error)
        }
    }

    // MARK: Replacing

    /// Puts a journal with these lines in the place of this one, which stays beside it as `PATH.1`. Whoever looks sees the
    /// old one or the new one, whole.
    package func replaced(with lines: [String]) throws(KernelError) -> JournalFile {
        let new = path + ".new"
        do throws(Errno) {
            unlink(new)
            let file = try Descriptor.open(new, O_RDWR | O_CREAT | O_EXCL | O_APPEND, mode: 0o644)
            try systemCall { flock(file.raw, LOCK_EX | LOCK_NB) }
            try Self.write(lines.map { $0 + "\n" }.joined().utf8, to: file)
            var old = stat()
            if fstat(descriptor.raw, &old) == 0 {
                fchmod(file.raw, old.st_mode & 0o7777)
                // Where there are no links, the old one goes: all that is of use of it is in the new one.
                if old.st_size > 0, unlink(path + ".1") == 0 || errno == ENOENT { link(path, path + ".1") }
            }
            try systemCall { fdatasync(file.raw) }
            try systemCall { rename(new, path) }
            // The new name, too, is to outlive the machine.
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
            if let directory = try? Descriptor.open(folder, O_RDONLY | O_DIRECTORY) { fsync(directory.raw) }
            let result = JournalFile(file, path, syncs: syncs)
            result.onTrouble = onTrouble
            return result
        } catch {
            unlink(new)
            throw KernelError(.write, path, error, cure: "The journal is as it was")
        }
    }

    private static func write(_ bytes: some Collection<UInt8>, to file: borrowing Descriptor) throws(Errno) {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = try systemCall { rest.withUnsafeBytes { Glibc.write(file.raw, $0.baseAddress, $0.count) } }
            rest = rest.dropFirst(count)
        }
    }

    // MARK: Appending

    /// Appends a line, which is made on the writing thread; `written` is called there when it is written, or when that has
    /// failed for now.
    package func append(_ line: @escaping @Sendable () -> String, written: @escaping @Sendable () -> Void = {}) {
        let mustStart = monitor.withLock {
            waiting.append(Entry(bytes: { Array(line().utf8) + [UInt8(ascii: "\n")] }, written: written))
            defer { isWriting = true }
            return !isWriting
        }
        // Without a thread the caller has to wait after all: no line is lost.
        if mustStart && !threads.run({ [self] in drain() }) { drain() }
    }

    /// Waits until everything is written, on a disk that is full for as long as `patience`.
    /// - Throws: why the last lines are missing.
    package func finish(patience: Duration = .seconds(5)) throws(KernelError) {
        let failure = monitor.withLock {
            deadline = monotonicNow().advanced(by: patience)
            while isWriting { monitor.wait() }
            return self.failure
        }
        threads.close()
        if let failure { throw failure }
    }

    /// How long a disk is given that did not take what there was.
    private static let pause: UInt32 = 50_000

    private func drain() {
        while let entries = nextEntries() {
            if entries.isEmpty { usleep(Self.pause) }
            for entry in entries {
                unwritten += entry.bytes()
                note(Result { () throws(KernelError) in try flush() })
                entry.written()
            }
            if entries.isEmpty { note(Result { () throws(KernelError) in try flush() }) }
        }
    }

    private func flush() throws(KernelError) {
        do throws(Errno) {
            while !unwritten.isEmpty {
                let count = try systemCall {
                    unwritten.withUnsafeBytes { Glibc.write(descriptor.raw, $0.baseAddress, $0.count) }
                }
                unwritten.removeFirst(count)
            }
        } catch {
            throw KernelError(.write, path, error)
        }
        if let lost { throw lost }
        guard syncs else { return }
        do throws(Errno) {
            try systemCall { fdatasync(descriptor.raw) }
        } catch {
            // The kernel says it once, and forgets what it could not write: later calls would succeed.
            let failure = KernelError(.write, path, error, cure: "The disk failed: name a journal on another")
            lost = failure
            throw failure
        }
    }

    private func note(_ result: Result<Void, KernelError>) {
        let now: KernelError? = if case .failure(let error) = result { error } else { nil }
        let hasChanged = monitor.withLock {
            defer { failure = now }
            return (failure == nil) != (now == nil)
        }
        if hasChanged { onTrouble(now) }
    }

    /// What is to be written next, nothing where only an earlier rest is; nil when all is done, or given up.
    private func nextEntries() -> [Entry]? {
        monitor.withLock {
            defer { waiting = [] }
            let givesUp = deadline.map { $0 < monotonicNow() } ?? false
            if waiting.isEmpty, unwritten.isEmpty || givesUp {
                isWriting = false
                monitor.broadcast()
                return nil
            }
            return waiting
        }
    }
}
