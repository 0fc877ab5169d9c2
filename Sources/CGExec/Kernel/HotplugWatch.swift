import CLinux
import Glibc
import SystemPackage

/// Tells when a CPU is taken offline or comes back, as long as this object lives: the kernel says so to everybody who
/// listens (netlink(7), `NETLINK_KOBJECT_UEVENT`). Between the start and the end of an attempt both may happen, and nothing
/// in its cgroup would show it.
final class HotplugWatch {
    private let socket: Descriptor
    private let reactor: Reactor
    private let registration: Reactor.Registration
    private let changed: (Change) -> Void

    /// What the kernel told.
    enum Change: Equatable {
        /// A CPU, and what became of it.
        case cpu(Int, String)
        /// More than could be kept for us: something is not known.
        case lost
    }

    /// Calls `changed` with what the kernel tells of CPUs.
    init(on reactor: Reactor, _ changed: @escaping (Change) -> Void) throws(KernelError) {
        do throws(Errno) {
            socket = Descriptor(owning: try checked(cgx_open_uevents()))
        } catch {
            throw KernelError(.open, "the kernel's device events", error)
        }
        self.reactor = reactor
        self.changed = changed
        let descriptor = socket.raw
        registration = try reactor.watch(descriptor, .input) { _ in Self.drain(descriptor, changed) }
    }

    deinit { reactor.forget(registration) }

    /// Reports what has come and was not reported yet.
    func drain() { Self.drain(socket.raw, changed) }

    private static func drain(_ socket: Int32, _ changed: (Change) -> Void) {
        var message = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = cgx_next_uevent(socket, &message, message.count)
            if count == -ENOBUFS {
                changed(.lost)
            } else if count > 0 {
                if let change = change(message.prefix(Int(count))) { changed(change) }
            } else {
                return
            }
        }
    }

    /// What a message says of a CPU: it begins with `offline@/devices/system/cpu/cpu3`; nil for every other message.
    static func change(_ message: some Collection<UInt8>) -> Change? {
        let head = String(decoding: message.prefix { $0 != 0 }, as: UTF8.self)
        for (action, what) in [("offline", "was taken offline"), ("online", "was brought online")] {
            let prefix = "\(action)@/devices/system/cpu/cpu"
            if head.hasPrefix(prefix), let cpu = Int(head.dropFirst(prefix.count)) { return .cpu(cpu, what) }
        }
        return nil
    }
}
