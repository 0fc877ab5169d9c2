import Glibc
import SystemPackage

/// A control file whose changes are reported, as long as this object lives.
final class ControlWatch {
    private let file: Descriptor
    private let reactor: Reactor
    private let registration: Reactor.Registration

    /// Watches a file of a cgroup's directory.
    init(
        _ name: String, in directory: Int32, on reactor: Reactor, _ changed: @escaping () -> Void
    ) throws(KernelError) {
        file = try Self.open(name, in: directory)
        self.reactor = reactor
        // EPOLLIN is always ready on a control file; only priority events tell of a change.
        registration = try reactor.watch(file.raw, .priority) { _ in changed() }
    }

    private static func open(_ name: String, in directory: Int32) throws(KernelError) -> Descriptor {
        do throws(Errno) {
            let file = try Descriptor.open(name, in: directory, O_RDONLY)
            _ = try file.readControl()  // only changes after a read are reported
            return file
        } catch {
            throw KernelError(.watch, name, error)
        }
    }

    deinit { reactor.forget(registration) }

    /// What the file says now; nil when its cgroup is gone.
    func read() -> String? { try? file.readControl() }
}
