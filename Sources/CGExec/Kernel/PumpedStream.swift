import CLinux
import Glibc
import Synchronization
import SystemPackage

/// A stream with a limit that goes on to a descriptor: copied by a thread, since that may block.
final class PumpedStream: Sendable {
    private let readEnd = Atomic<Int32>(-1)
    private let target = Atomic<Int32>(-1)
    private let budget: OutputBudget
    private let copied = Atomic<UInt64>(0)
    /// Rings when there is a new order.
    private let bell: Int32
    private let isFinishing = Atomic<Bool>(false)
    private let isAbandoned = Atomic<Bool>(false)

    var bytes: UInt64 { copied.load(ordering: .acquiring) }

    init(readEnd: consuming Descriptor, budget: OutputBudget) throws(KernelError) {
        do throws(Errno) {
            bell = try systemCall { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) }
        } catch {
            throw KernelError(.open, "an event descriptor", error, cure: "Raise the limit of open files (ulimit -n)")
        }
        self.budget = budget
        let raw = readEnd.release()
        _ = fcntl(raw, F_SETFL, O_NONBLOCK)
        self.readEnd.store(raw, ordering: .releasing)
    }

    deinit {
        let ends = [readEnd.load(ordering: .acquiring), bell, target.load(ordering: .acquiring)]
        for descriptor in ends where descriptor >= 0 { close(descriptor) }
    }

    /// Sets where the stream goes; once, before `run`.
    func attach(_ descriptor: consuming Descriptor) {
        target.store(descriptor.release(), ordering: .releasing)
    }

    /// Tells the thread to copy what is still there and then to end.
    func finish() { order(isFinishing) }

    /// Tells the thread to end now, whatever is left.
    func abandon() { order(isAbandoned) }

    private func order(_ order: borrowing Atomic<Bool>) {
        order.store(true, ordering: .releasing)
        var one: UInt64 = 1
        _ = write(bell, &one, 8)
    }

    /// The copying, until the end of the stream, or as ordered.
    func run(onExcess: () -> Void) {
        let readEnd = readEnd.exchange(-1, ordering: .acquiringAndReleasing)
        // Now, and not with this object: a program that still writes would wait for ever once nobody reads.
        defer { close(readEnd) }
        withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { bytes in
            // Once it is to finish: what is in the pipe then. A process outside the leaf may hold it, and write on.
            var left: Int?
            while left != 0 {
                if left == nil, isFinishing.load(ordering: .acquiring) { left = unread(in: readEnd) }
                let count = read(readEnd, bytes.baseAddress, min(bytes.count, left ?? .max))
                if count > 0 {
                    left = left.map { $0 - count }
                    let within = budget.take(count)
                    copied.add(UInt64(count), ordering: .releasing)
                    if within < count { onExcess() }
                    guard writeAll(UnsafeRawBufferPointer(rebasing: bytes[..<within])) else { return }
                } else if count == 0 || errno != EAGAIN {
                    return
                } else {
                    _ = wait(for: readEnd, POLLIN)
                    if isAbandoned.load(ordering: .acquiring) { return }
                }
            }
        }
    }

    /// False when it is abandoned, or when nobody reads any more; the closing of our end then lets the program meet
    /// SIGPIPE, as without us.
    private func writeAll(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let target = target.load(ordering: .acquiring)
        var rest = bytes
        while !rest.isEmpty {
            let isReady = wait(for: target, POLLOUT)
            if isAbandoned.load(ordering: .acquiring) { return false }
            guard isReady else { continue }
            // A pipe that is ready has room for this much, pipe(7), so that the thread still hears the bell. The
            // descriptor is shared with others, so it cannot be made one that never blocks.
            let count = write(target, rest.baseAddress, min(rest.count, Int(PIPE_BUF)))
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno != EAGAIN && errno != EINTR {
                return false
            }
        }
        return true
    }

    /// Waits until the descriptor is ready or the bell rings; whether it is ready.
    private func wait(for descriptor: Int32, _ interest: Int32) -> Bool {
        var ready = [
            pollfd(fd: descriptor, events: Int16(interest), revents: 0),
            pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
        ]
        poll(&ready, 2, -1)
        var rung: UInt64 = 0
        if ready[1].revents != 0 { _ = read(bell, &rung, 8) }
        return ready[0].revents != 0
    }
}
