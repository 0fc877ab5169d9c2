/// A pressure trigger whose firings are reported, as long as this object lives.
final class PressureWatch {
    private let trigger: PressureTrigger
    private let reactor: Reactor
    private var registration: Reactor.Registration?

    init(
        _ trigger: consuming PressureTrigger, on reactor: Reactor, fired: @escaping () -> Void
    ) throws(KernelError) {
        let descriptor = trigger.descriptor.raw
        self.trigger = trigger
        self.reactor = reactor
        registration = try reactor.watch(descriptor, .priority) { [unowned self] interest in
            // Its cgroup is gone, or its pressure was switched off: that would be reported for ever.
            if !interest.isDisjoint(with: .gone) { return forget() }
            if self.trigger.isGenuine() { fired() }
        }
    }

    /// The window that the kernel accepted.
    var window: Duration { trigger.window }

    private func forget() {
        if let registration = registration.take() { reactor.forget(registration) }
    }

    deinit { forget() }
}
