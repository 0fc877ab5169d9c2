/// Runs helper processes, each on a thread of its own.
///
/// `@unchecked Sendable`: all state is behind the monitor's lock.
package final class HelperThreads: @unchecked Sendable {
    private let threads = Threads()
    private let monitor = Monitor()
    private var running = 0

    package init() {}

    /// Starts a process; `onFailure` is called on its thread. False when the system gives no thread.
    package func run(
        _ process: HelperProcess, onFailure: @escaping @Sendable (HelperProcess.Failure) -> Void
    ) -> Bool {
        monitor.withLock { running += 1 }
        let isBegun = threads.run { [self] in
            do throws(HelperProcess.Failure) {
                try process.run()
            } catch {
                onFailure(error)
            }
            ended()
        }
        if !isBegun { ended() }
        return isBegun
    }

    private func ended() {
        monitor.withLock {
            running -= 1
            monitor.broadcast()
        }
    }

    /// Waits until all are done.
    package func wait() {
        monitor.withLock { while running > 0 { monitor.wait() } }
        threads.close()
    }
}
