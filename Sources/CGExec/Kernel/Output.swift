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
    private static let burst = 1 << 20

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

    /// Reads what is still in the pipe and closes it. Not until its end: a process outside the leaf may hold it, and
    /// write faster than we read.
    func finish(onExcess: () -> Void) -> Record.Stream {
        _ = read(upTo: unread(in: readEnd.raw), onExcess: onExcess)
        stop()
        return Record.Stream(
            text: buffer.keepsNothing ? nil : buffer.text, bytes: buffer.total, truncated: buffer.isTruncated)
    }

    private func stop() {
        if let registration { reactor.forget(registration) }
        registration = nil
    }

    /// False at the end of the stream.
    private func read(upTo most: Int, onExcess: () -> Void) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { bytes in
            var left = most
            while left > 0 {
                let count = Glibc.read(readEnd.raw, bytes.baseAddress, min(bytes.count, left))
                if count == 0 { return false }
                if count < 0 { return true }
                left -= count
                let within = budget.take(count)
                buffer.append(UnsafeRawBufferPointer(rebasing: bytes[..<within]))
                if within < count { onExcess() }
            }
            return true
        }
    }
}

/// How many bytes wait in a pipe.
func unread(in pipe: Int32) -> Int {
    var count: Int32 = 0
    return ioctl(pipe, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
}
