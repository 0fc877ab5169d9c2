import Glibc
import SystemPackage

/// A PSI trigger: a descriptor that reports EPOLLPRI when tasks stalled for longer than a threshold within a window.
///
/// Watch for priority events only: EPOLLIN is always ready on it. A removed cgroup reports EPOLLERR.
struct PressureTrigger: ~Copyable {
    /// Which tasks must stall.
    enum Kind: String, Sendable {
        case some
        case full
    }

    let descriptor: Descriptor
    /// The window that the kernel accepted.
    let window: Duration
    /// The stall within the window that fires it.
    let stall: Duration
    /// Set where the kernel may fire for nothing.
    private let witness: StallWitness?

    private init(descriptor: consuming Descriptor, stall: Duration, window: Duration, witness: StallWitness?) {
        self.descriptor = descriptor
        self.stall = stall
        self.window = window
        self.witness = witness
    }

    /// Arms a trigger on a `*.pressure` file, with a descriptor of its own: the kernel takes one trigger each.
    ///
    /// Without CAP_SYS_RESOURCE the kernel refuses windows that are not a multiple of 2 s (psi.rst), so those are
    /// rounded up then, with the threshold in proportion.
    static func armed(
        _ path: String, _ kind: Kind, stall: Duration, window: Duration
    ) throws(KernelError) -> PressureTrigger {
        let step = Duration.seconds(2).nanoseconds
        let rounded = Duration.nanoseconds((window.nanoseconds + step - 1) / step * step)
        let scaled = Duration.nanoseconds(
            Int64(Double(stall.nanoseconds) * Double(rounded.nanoseconds) / Double(window.nanoseconds)))
        do throws(Errno) {
            let file = try Descriptor.open(path, O_RDWR | O_NONBLOCK)
            let before = hasPrivilege() ? nil : StallWitness.total(kind, try file.readAll())
            func witness(_ stall: Duration) -> StallWitness? {
                before.map { StallWitness(kind: kind, stall: stall, before: $0) }
            }
            do throws(Errno) {
                try arm(file, kind, stall, window)
            } catch .invalidArgument where rounded != window {
                try arm(file, kind, scaled, rounded)
                return PressureTrigger(descriptor: file, stall: scaled, window: rounded, witness: witness(scaled))
            }
            return PressureTrigger(descriptor: file, stall: stall, window: window, witness: witness(stall))
        } catch {
            throw KernelError(
                .watch, path, error, value: "\(kind.rawValue) \(stall) \(window)",
                cure: error == .notSupported ? "Pressure stall information is off: boot with psi=1" : nil)
        }
    }

    /// Whether a wake-up tells of a stall; to be asked on each.
    func isGenuine() -> Bool {
        guard let witness, let text = try? descriptor.readAll() else { return true }
        return witness.confirms(text)
    }

    private static func arm(
        _ file: borrowing Descriptor, _ kind: Kind, _ stall: Duration, _ window: Duration
    ) throws(Errno) {
        // Below /proc/pressure the kernel overwrites the last byte of what is written with NUL: without one of our
        // own it would cut off the last digit, and as root that often succeeds.
        try file.write("\(kind.rawValue) \(stall.nanoseconds / 1000) \(window.nanoseconds / 1000)\0")
    }

    /// Whether the calling thread has CAP_SYS_RESOURCE, which the kernel asks of whoever opens the file.
    static func hasPrivilege() -> Bool {
        let lines = (readFile("/proc/thread-self/status") ?? "").split(separator: "\n")
        let effective = lines.first { $0.hasPrefix("CapEff:") }?.split(separator: "\t").last
        return effective.flatMap { UInt64($0, radix: 16) }.map { $0 >> 24 & 1 == 1 } ?? false
    }
}

/// Remembers how much had stalled when a trigger was armed, and tells by it whether a wake-up is real.
///
/// A trigger of an unprivileged process is compared with another counter than the one it was started from, so that the
/// first stall after the arming, however short, fires it for all that ever stalled before (bun 42783; so in the source
/// of Linux 6.1 to 6.18). A real wake-up means that the total grew by the threshold since.
struct StallWitness: Sendable, Equatable {
    var kind: PressureTrigger.Kind
    var stall: Duration
    /// The total at the arming, in microseconds.
    var before: UInt64

    /// Whether the total in the text of a pressure file has grown by the threshold; true when the text has none.
    func confirms(_ text: String) -> Bool {
        guard let now = Self.total(kind, text) else { return true }
        return now >= before && Duration.microseconds(Int64(clamping: now - before)) >= stall
    }

    /// The total of a pressure file, in microseconds.
    static func total(_ kind: PressureTrigger.Kind, _ text: String) -> UInt64? {
        NestedKeyed(text).number(kind.rawValue, "total")
    }
}
