/// What the cgroup of a packed pool tells of its memory: that its tasks stall for it, and that its own limit was
/// reached. A host without pressure stall information tells less; the pool reads its memory anyway.
final class PoolAlarm {
    private var triggers: [PressureWatch] = []
    private var limit: LimitWatch?
    /// One for each trigger, since its last firing: they fire one right after the other, and of so short a time between
    /// nothing can be told.
    private var shares: [StallShares] = []
    private let file: String

    /// As often as the pool reads its memory anyway.
    private static let pause = Duration.milliseconds(100)

    /// - Parameter leaves: gives what the leaves that there are have counted.
    init(
        of pool: borrowing Cgroup, on reactor: Reactor, leaves: @escaping () -> [AttemptID: StallShares.Figures],
        onPressure: @escaping () -> Void, onLimit: @escaping () -> Void
    ) {
        file = pool.path + "/memory.pressure"
        // Not the counters that hold what leaves below have hit as well.
        limit = try? LimitWatch(
            "memory.events.local", ["max"], in: pool.directory.raw, on: reactor, pause: Self.pause, grew: onLimit)
        let settings = Self.settings()
        shares = Array(repeating: StallShares(pool: Self.stalled(file)), count: settings.count)
        for (index, (kind, stall, window)) in settings.enumerated() {
            let watch = try? Self.watch(file, kind, stall, window, reactor) { [unowned self] in
                if shares[index].isPools(pool: Self.stalled(file), leaves: leaves()) { onPressure() }
            }
            if let watch { triggers.append(watch) }
        }
    }

    /// The leaf of an attempt is about to go.
    func ended(_ id: AttemptID, _ figures: StallShares.Figures) {
        for index in shares.indices { shares[index].ended(id, figures) }
    }

    private static func watch(
        _ file: String, _ kind: PressureTrigger.Kind, _ stall: Duration, _ window: Duration, _ reactor: Reactor,
        fired: @escaping () -> Void
    ) throws(KernelError) -> PressureWatch {
        let trigger = try PressureTrigger.armed(file, kind, stall: stall, window: window)
        return try PressureWatch(trigger, on: reactor, fired: fired)
    }

    /// Without privilege the kernel's shortest window is 2 s (psi.rst), and there all stalls of note show in `some`.
    private static func settings() -> [(PressureTrigger.Kind, stall: Duration, window: Duration)] {
        guard PressureTrigger.hasPrivilege() else { return [(.some, .milliseconds(100), .seconds(2))] }
        return [
            (.some, .milliseconds(50), .milliseconds(500)), (.full, .milliseconds(25), .milliseconds(500)),
        ]
    }

    private static func stalled(_ file: String) -> UInt64 {
        readFile(file).flatMap { StallWitness.total(.some, $0) } ?? 0
    }
}
