import CLinux
import Glibc
import SystemPackage

/// Our end of the keeper: a process that kills and removes the pool's subtree if this one dies, however it dies.
final class Keeper {
    private let farewell: Descriptor
    /// The keeper's end of the farewell, kept so that there is no SIGPIPE for saying it to one that was killed.
    private let farewellEnd: Descriptor
    /// Becomes readable when the keeper itself ends.
    private let process: Descriptor
    private var watch: (reactor: Reactor, registration: Reactor.Registration)?

    /// Starts a keeper for the cgroup at `pool`; `home` is the leaf that this process was moved to, if any.
    init(pool: String, home: Subtree.Home?) throws(KernelError) {
        var ends: (read: Int32, write: Int32) = (-1, -1)
        let status = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: Int32.self, capacity: 2) { cgx_pipe($0) }
        }
        do throws(Errno) {
            try checked(status)
            farewellEnd = Descriptor(owning: ends.read)
            farewell = Descriptor(owning: ends.write)
            let own = Descriptor(owning: try checked(cgx_pidfd_open(getpid())))
            let texts = CStrings([pool, home?.leaf ?? "", home?.base ?? "", home?.disable ?? ""])
            var plan = cgx_keeper()
            plan.pool = UnsafePointer(texts.pointers[0])
            plan.home = UnsafePointer(texts.pointers[1])
            plan.base = UnsafePointer(texts.pointers[2])
            plan.disable = UnsafePointer(texts.pointers[3])
            plan.parent = own.raw
            plan.farewell = farewellEnd.raw
            process = Descriptor(owning: try checked(cgx_keeper_start(&plan)))
            withExtendedLifetime(texts) {}
        } catch {
            throw KernelError(.start, "the keeper process", error)
        }
    }

    deinit { forgetWatch() }

    /// Calls `ended` when the keeper ends before it is dismissed, as when somebody kills it; it is reaped then.
    func watch(on reactor: Reactor, ended: @escaping () -> Void) throws(KernelError) {
        let registration = try reactor.watch(process.raw, .input) { [unowned self] _ in
            reap()
            ended()
        }
        watch = (reactor, registration)
    }

    /// Tells the keeper that everything is removed, and reaps it when it has left our home.
    func dismiss() {
        var byte: UInt8 = 1
        _ = write(farewell.raw, &byte, 1)
        reap()
    }

    private func reap() {
        forgetWatch()
        var status = cgx_wait()
        _ = cgx_wait_pidfd(process.raw, 0, &status)
    }

    private func forgetWatch() {
        if let watch { watch.reactor.forget(watch.registration) }
        watch = nil
    }
}
