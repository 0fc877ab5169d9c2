import CLinux
import Glibc
import SystemPackage

/// Tells when a signal or `exit` is about to end this program, and lets it, once everything is in order.
///
/// Where `Signals` blocks signals and reads them from a descriptor, which takes a process whose every thread was started
/// by us, this is for a library: a handler rings a bell and does nothing else.
final class EndingWatch {
    private let bell: Int32
    private let reactor: Reactor
    private var registration: Reactor.Registration?

    /// Calls `handler` on the reactor's thread each time. To be made on that thread.
    init(on reactor: Reactor, _ handler: @escaping () -> Void) throws(KernelError) {
        self.reactor = reactor
        let bell = cgx_ending_watch()
        do throws(Errno) {
            try checked(bell)
        } catch {
            throw KernelError(.open, "the bell for signals", error, cure: "Raise the limit of open files (ulimit -n)")
        }
        self.bell = bell
        do throws(KernelError) {
            registration = try reactor.watch(bell, .input) { _ in
                var rings: UInt64 = 0
                // A late ring may be for one who had the bell before.
                if read(bell, &rings, 8) == 8, cgx_ending_is_due() != 0 {
                    for _ in 0..<min(rings, 2) { handler() }
                }
            }
        } catch {
            cgx_ending_unwatch(bell)
            throw error
        }
    }

    /// Stops watching. When nobody else watches, signals do again what they did before, and one that has come takes its
    /// effect now.
    func close() {
        guard let registration else { return }
        self.registration = nil
        reactor.forget(registration)
        cgx_ending_unwatch(bell)
    }

    deinit { close() }
}
