import CLinux
import Glibc

/// Threads for work that may block: a spawn until its exec, opening a file, writing output to a slow reader.
///
/// One that blocks for ever holds up nobody: work that finds no idle thread gets a new one.
///
/// `@unchecked Sendable`: all state is behind the monitor's lock.
final class Threads: @unchecked Sendable {
    private let monitor = Monitor()
    private var waiting: [@Sendable () -> Void] = []
    private var idle = 0
    private var closed = false

    private static let stackBytes = 512 * 1024

    /// Runs `work` on a thread that may block. False when the system gives no thread.
    func run(_ work: @escaping @Sendable () -> Void) -> Bool {
        let isTaken: Bool? = monitor.withLock {
            waiting.append(work)
            if idle >= waiting.count { return nil }
            if start() { return true }
            waiting.removeLast()
            return false
        }
        // Without the lock: who wakes needs it, and would only wait again.
        if isTaken == nil { monitor.signal() }
        return isTaken ?? true
    }

    /// Lets the threads end when their work is done.
    func close() {
        monitor.withLock {
            closed = true
            monitor.broadcast()
        }
    }

    private func start() -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        // Signals belong to the reactor's thread; a new thread inherits the mask of its maker.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                _ = cgx_set_name("cgexec-blocking")
                let threads = Unmanaged<Threads>.fromOpaque(context).takeRetainedValue()
                while let work = threads.next() { work() }
                return nil
            }, context.toOpaque())
        if status != 0 { context.release() }
        return status == 0
    }

    /// The next work, waited for; nil when there will be none.
    private func next() -> (@Sendable () -> Void)? {
        monitor.withLock {
            while waiting.isEmpty && !closed {
                idle += 1
                monitor.wait()
                idle -= 1
            }
            return waiting.isEmpty ? nil : waiting.removeFirst()
        }
    }
}
