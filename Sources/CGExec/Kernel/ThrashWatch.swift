/// Watches whether a leaf stalls on memory for longer than allowed while it is at its own limit: a stall that others
/// cause is not its fault.
final class ThrashWatch {
    private var trigger: PressureWatch?
    private let limits: LimitWatch
    /// How many windows in a row must be too long.
    private let needed: Int
    private var windows = 0
    private var lastFiring: Instant?

    /// The kernel's longest window (psi.rst).
    private static let longest = Duration.seconds(10)

    /// - Throws: `KernelError` without pressure stall information or without the memory controller.
    init(
        _ limit: ThrashLimit, of leaf: borrowing Cgroup, on reactor: Reactor, exceeded: @escaping () -> Void
    ) throws(KernelError) {
        needed = Self.windowCount(limit.duration)
        let window = limit.duration / needed
        limits = try LimitWatch(
            "memory.events", ["max", "high"], in: leaf.directory.raw, on: reactor, pause: window / 4)
        let trigger = try PressureTrigger.armed(
            leaf.path + "/memory.pressure", limit.kind == .some ? .some : .full,
            stall: .nanoseconds(Int64(Double(window.nanoseconds) * limit.fraction)), window: window)
        self.trigger = try PressureWatch(trigger, on: reactor) { [unowned self] in
            if fired() { exceeded() }
        }
    }

    /// In how many windows of the kernel's a time is to be cut.
    static func windowCount(_ duration: Duration) -> Int {
        Int((duration.nanoseconds + longest.nanoseconds - 1) / longest.nanoseconds)
    }

    /// Whether that was the last window that it takes.
    private func fired() -> Bool {
        guard let window = trigger?.window else { return false }
        let now = monotonicNow()
        limits.look()
        guard let reached = limits.lastGrowth, now.since(reached) <= window else {
            windows = 0
            return false
        }
        // Of a stall that goes on, the kernel tells once a window.
        let goesOn = lastFiring.map { now.since($0) <= window * 1.5 } ?? false
        windows = goesOn ? windows + 1 : 1
        lastFiring = now
        return windows >= needed
    }
}
