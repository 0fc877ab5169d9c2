import CLinux
import Glibc
import SystemPackage

/// Signals as events: they are blocked, and read from a descriptor instead of interrupting anything.
///
/// Blocking only holds for the calling thread and those it starts, so this is made first, on the main thread, before
/// there is another. The CLI does so; the library does only where its user asks.
package final class Signals {
    private let descriptor: Descriptor
    /// How it was before, which programs that we start get back.
    package let before: SignalState

    /// One signal that arrived.
    package struct Arrival: Sendable {
        package var signal: Int32
        /// Who sent it; nil when the kernel did, as for Ctrl-C on the terminal.
        package var sender: Int32?
    }

    /// Blocks these signals and takes them over.
    package init(taking signals: [Int32]) throws(KernelError) {
        var set = sigset_t()
        var before = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, &before)
        var state = SignalState()
        state.blocked = (1...64).reduce(0) { sigismember(&before, Int32($1)) == 1 ? $0 | 1 << UInt64($1 - 1) : $0 }
        // While it is ignored, the kernel reaps our children itself and nobody learns how they ended: wait(2).
        if signals.contains(SIGCHLD), Self.isIgnored(SIGCHLD) {
            Glibc.signal(SIGCHLD, SIG_DFL)
            state.ignored = 1 << UInt64(SIGCHLD - 1)
        }
        self.before = state
        do throws(Errno) {
            descriptor = Descriptor(
                owning: try systemCall { signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK)) })
        } catch {
            throw KernelError(.open, "the signal descriptor", error)
        }
    }

    /// Lets these signals do again what they did before; those of them that wait do it now.
    package func release(_ signals: [Int32]) {
        var set = sigset_t()
        sigemptyset(&set)
        for number in signals where before.blocked & 1 << UInt64(number - 1) == 0 { sigaddset(&set, number) }
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    /// Whether this process ignores the signal now.
    package static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(signal, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: UInt.self)
            == unsafeBitCast(SIG_IGN, to: UInt.self)
    }

    /// `SIGSEGV` for 11; the bare number of a signal without a name.
    package static func name(_ signal: Int) -> String {
        cgx_signal_name(Int32(truncatingIfNeeded: signal)).map { "SIG" + String(cString: $0) } ?? "\(signal)"
    }

    /// Calls `handler` on the reactor's thread for each signal.
    func watch(on reactor: Reactor, _ handler: @escaping (Arrival) -> Void) throws(KernelError) {
        let raw = descriptor.raw
        _ = try reactor.watch(raw, .input) { _ in
            var info = signalfd_siginfo()
            let size = MemoryLayout<signalfd_siginfo>.size
            while read(raw, &info, size) == size {
                let fromUser = info.ssi_code <= 0  // SI_USER, SI_QUEUE, SI_TKILL: sigaction(2)
                handler(Arrival(signal: Int32(info.ssi_signo), sender: fromUser ? Int32(info.ssi_pid) : nil))
            }
        }
    }
}
