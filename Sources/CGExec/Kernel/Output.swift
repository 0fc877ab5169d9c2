import CLinux
import Glibc
import Synchronization
import SystemPackage

/// What a captured stream keeps: all of it up to the cap, beyond that the first and the last half.
struct CaptureBuffer: Sendable {
    private let half: Int
    private var head: [UInt8] = []
    /// The last half is at its end; cut back only now and then, so that appending stays cheap.
    private var tail: [UInt8] = []
    private(set) var total: UInt64 = 0

    /// Whether bytes are only counted.
    var keepsNothing: Bool { half == 0 }

    init(cap: ByteSize) { half = Int(clamping: (cap.bytes + 1) / 2) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        total += UInt64(bytes.count)
        let room = half - head.count
        head.append(contentsOf: bytes.prefix(room))
        tail.append(contentsOf: bytes.dropFirst(room).suffix(half))
        if tail.count > 2 * half { tail.removeFirst(tail.count - half) }
    }

    var isTruncated: Bool { total > UInt64(head.count + min(tail.count, half)) }

    /// The text, with a line in the middle that says how much is missing.
    var text: String {
        let end = tail.suffix(half)
        guard isTruncated else { return String(decoding: head + end, as: UTF8.self) }
        let missing = total - UInt64(head.count + end.count)
        return String(decoding: head, as: UTF8.self) + "\n[… \(missing) bytes left out …]\n"
            + String(decoding: end, as: UTF8.self)
    }
}

/// Counts what the two streams of an attempt write together.
final class OutputBudget: Sendable {
    private let used = Atomic<UInt64>(0)
    let limit: UInt64?

    init(limit: ByteSize?) { self.limit = limit?.bytes }

    /// Counts `bytes` and gives how many of them are within the limit.
    func take(_ bytes: Int) -> Int {
        guard let limit else { return bytes }
        let before = used.add(UInt64(bytes), ordering: .relaxed).oldValue
        return Int(clamping: min(UInt64(bytes), limit > before ? limit - before : 0))
    }
}

/// A stream that is captured: read by the reactor, since memory never blocks.
final class CaptureStream {
    private let readEnd: Descriptor
    private var buffer: CaptureBuffer
    private let budget: OutputBudget
    private var registration: Reactor.Registration?
    private let reactor: Reactor

    /// How much is read before other events get their turn.
    private static let burst = 16

    init(readEnd: consuming Descriptor, cap: ByteSize, budget: OutputBudget, reactor: Reactor) {
        self.readEnd = readEnd
        buffer = CaptureBuffer(cap: cap)
        self.budget = budget
        self.reactor = reactor
        _ = fcntl(self.readEnd.raw, F_SETFL, O_NONBLOCK)
    }

    func start(onExcess: @escaping () -> Void) throws(KernelError) {
        registration = try reactor.watch(readEnd.raw, .input) { [unowned self] _ in
            if !read(upTo: Self.burst, onExcess: onExcess) { stop() }
        }
    }

    /// Reads what is still in the pipe and closes it. Not until its end: a process outside the leaf may hold it.
    func finish(onExcess: () -> Void) -> Record.Stream {
        _ = read(upTo: .max, onExcess: onExcess)
        stop()
        return Record.Stream(
            text: buffer.keepsNothing ? nil : buffer.text, bytes: buffer.total, truncated: buffer.isTruncated)
    }

    private func stop() {
        if let registration { reactor.forget(registration) }
        registration = nil
    }

    /// False at the end of the stream.
    private func read(upTo rounds: Int, onExcess: () -> Void) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { bytes in
            for _ in 0..<rounds {
                let count = Glibc.read(readEnd.raw, bytes.baseAddress, bytes.count)
                if count == 0 { return false }
                if count < 0 { return true }
                let within = budget.take(count)
                buffer.append(UnsafeRawBufferPointer(rebasing: bytes[..<within]))
                if within < count { onExcess() }
            }
            return true
        }
    }
}

/// A stream with a limit that goes on to a descriptor: copied by a thread, since that may block.
final class PumpedStream: Sendable {
    private let readEnd = Atomic<Int32>(-1)
    private let stopBell: Int32
    private let target = Atomic<Int32>(-1)
    private let budget: OutputBudget
    private let copied = Atomic<UInt64>(0)

    var bytes: UInt64 { copied.load(ordering: .acquiring) }

    init(readEnd: consuming Descriptor, budget: OutputBudget) throws(KernelError) {
        do throws(Errno) {
            stopBell = try systemCall { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) }
        } catch {
            throw KernelError(.open, "an event descriptor", error, cure: "Raise the limit of open files (ulimit -n)")
        }
        self.budget = budget
        let raw = readEnd.release()
        _ = fcntl(raw, F_SETFL, O_NONBLOCK)
        self.readEnd.store(raw, ordering: .releasing)
    }

    deinit {
        let ends = [readEnd.load(ordering: .acquiring), stopBell, target.load(ordering: .acquiring)]
        for descriptor in ends where descriptor >= 0 { close(descriptor) }
    }

    /// Sets where the stream goes; once, before `run`.
    func attach(_ descriptor: consuming Descriptor) {
        target.store(descriptor.release(), ordering: .releasing)
    }

    /// Tells the thread to copy what is still there and then to end.
    func finish() {
        var one: UInt64 = 1
        _ = write(stopBell, &one, 8)
    }

    /// The copying, until the end of the stream or `finish`.
    func run(onExcess: () -> Void) {
        let target = target.load(ordering: .acquiring)
        let readEnd = readEnd.exchange(-1, ordering: .acquiringAndReleasing)
        // Now, and not with this object: a program that still writes would wait for ever once nobody reads.
        defer { close(readEnd) }
        withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { bytes in
            var stopping = false
            while true {
                let count = read(readEnd, bytes.baseAddress, bytes.count)
                if count > 0 {
                    let within = budget.take(count)
                    copied.add(UInt64(count), ordering: .releasing)
                    if within < count { onExcess() }
                    guard Self.writeAll(UnsafeRawBufferPointer(rebasing: bytes[..<within]), to: target) else { return }
                } else if count == 0 || errno != EAGAIN && errno != EINTR || stopping {
                    return
                } else {
                    var ready = [
                        pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0),
                        pollfd(fd: stopBell, events: Int16(POLLIN), revents: 0),
                    ]
                    poll(&ready, 2, -1)
                    stopping = ready[1].revents != 0
                }
            }
        }
    }

    /// False when nobody reads any more; the closing of our end then lets the program meet SIGPIPE, as without us.
    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to target: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = write(target, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno == EAGAIN {
                var ready = pollfd(fd: target, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
