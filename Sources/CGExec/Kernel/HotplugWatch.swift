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
    private let changed: (Int, String) -> Void

    /// Calls `changed` with the CPU and what became of it.
    init(on reactor: Reactor, _ changed: @escaping (_ cpu: Int, _ what: String) -> Void) throws(KernelError) {
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

    private static func drain(_ socket: Int32, _ changed: (Int, String) -> Void) {
        var message = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = cgx_next_uevent(socket, &message, message.count)
            guard count > 0 else { return }
            if let change = change(message.prefix(Int(count))) { changed(change.cpu, change.what) }
        }
    }

    /// What a message says of a CPU: it begins with `offline@/devices/system/cpu/cpu3`; nil for every other message.
    static func change(_ message: some Collection<UInt8>) -> (cpu: Int, what: String)? {
        let head = String(decoding: message.prefix { $0 != 0 }, as: UTF8.self)
        for (action, what) in [("offline", "was taken offline"), ("online", "was brought online")] {
            let prefix = "\(action)@/devices/system/cpu/cpu"
            if head.hasPrefix(prefix), let cpu = Int(head.dropFirst(prefix.count)) { return (cpu, what) }
        }
        return nil
    }
}
