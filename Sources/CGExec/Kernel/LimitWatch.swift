/// Tells that a cgroup's memory reached a limit, as long as this object lives: that counters of its `memory.events` or
/// `memory.events.local` have grown.
///
/// Memory that stays at its limit makes the kernel count without end, so after each change it looks away for a while.
final class LimitWatch {
    /// When growth was last seen.
    private(set) var lastGrowth: Instant?

    private let file: String
    private let keys: [String]
    private let directory: Int32
    private let reactor: Reactor
    private let pause: Duration
    private let grew: () -> Void
    private var watch: ControlWatch?
    private var timer: Reactor.Timer?
    private var count: UInt64 = 0

    /// Watches the sum of `keys` in a file of a cgroup's directory, which must stay open.
    init(
        _ file: String, _ keys: [String], in directory: Int32, on reactor: Reactor, pause: Duration,
        grew: @escaping () -> Void = {}
    ) throws(KernelError) {
        self.file = file
        self.keys = keys
        self.directory = directory
        self.reactor = reactor
        self.pause = pause
        self.grew = grew
        watch = try open()
        count = sum ?? 0
    }

    deinit { if let timer { reactor.cancel(timer) } }

    private func open() throws(KernelError) -> ControlWatch {
        try ControlWatch(file, in: directory, on: reactor) { [unowned self] in changed() }
    }

    private var sum: UInt64? {
        guard let text = watch?.read() else { return nil }
        let values = FlatKeyed(text)
        return keys.reduce(0) { $0 + (values[$1] ?? 0) }
    }

    private func changed() {
        let before = count
        guard let now = sum else { return watch = nil }  // the cgroup is gone
        guard now > before else { return }
        count = now
        lastGrowth = monotonicNow()
        watch = nil
        timer = reactor.schedule(at: monotonicNow().advanced(by: pause)) { [unowned self] in look() }
        grew()
    }

    /// Looks now, also within the pause.
    func look() {
        if let timer = timer.take() { reactor.cancel(timer) }
        // Without a free descriptor nobody tells: what happens from now on is then seen at the next look.
        if watch == nil { watch = try? open() }
        changed()
    }
}
