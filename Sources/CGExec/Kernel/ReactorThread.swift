import CLinux
import Glibc
import Synchronization
import SystemPackage

/// A thread that runs a reactor until it is stopped.
final class ReactorThread: Sendable {
    private let reactor: Reactor
    private let isStopped = Atomic<Bool>(false)

    init(_ reactor: Reactor) throws(KernelError) {
        self.reactor = reactor
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let status = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                _ = cgx_set_name("cgexec-reactor")
                Unmanaged<ReactorThread>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard status == 0 else {
            context.release()
            throw KernelError(
                .start, "the reactor's thread", Errno(rawValue: status),
                cure: "Raise the limit of processes (ulimit -u)")
        }
    }

    private func run() { reactor.run { isStopped.load(ordering: .acquiring) } }

    /// Lets the thread end after what it does now; may be called from any thread.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        reactor.post {}
    }
}
