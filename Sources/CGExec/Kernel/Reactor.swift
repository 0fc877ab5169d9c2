import CLinux
import Glibc
import Synchronization
import SystemPackage

/// The one thread that waits: epoll over everything that can happen, one timer, and a mailbox for other threads.
///
/// It is also the executor of the pool's actor, so that a transition never awaits. Nothing here polls: while nothing
/// happens, the thread sleeps in `epoll_wait`.
///
/// `@unchecked Sendable`: the mailbox is behind a lock; everything else is touched by the reactor's thread alone,
/// which `checkIsolated` verifies.
package final class Reactor: SerialExecutor, @unchecked Sendable {
    /// What to wait for, as epoll has it.
    struct Interest: OptionSet, Sendable {
        let rawValue: UInt32
        /// Readable.
        static let input = Interest(rawValue: UInt32(cgx_epoll_in))
        /// A control file changed, or a pressure trigger fired.
        static let priority = Interest(rawValue: UInt32(cgx_epoll_pri))
        /// The other end is gone, or the watched cgroup is.
        static let gone = Interest(rawValue: UInt32(cgx_epoll_err) | UInt32(cgx_epoll_hup))
    }

    /// Names a registration. Not the descriptor: its number may be reused while an event is under way.
    struct Registration: Hashable, Sendable {
        fileprivate let number: Int
    }

    /// Names a timer.
    struct Timer: Hashable, Sendable {
        fileprivate let number: Int
    }

    private struct Handler {
        var descriptor: Int32
        var body: (Interest) -> Void
    }

    private struct Due {
        var due: Instant
        var action: () -> Void
    }

    private struct Mailbox {
        var jobs: [UnownedJob] = []
        var closures: [@Sendable () -> Void] = []
        var isEmpty: Bool { jobs.isEmpty && closures.isEmpty }
    }

    private let epoll: Descriptor
    private let doorbell: Descriptor
    private let clock: Descriptor
    private let mailbox = Mutex(Mailbox())
    private let thread = Mutex<pthread_t?>(nil)
    private var handlers: [Int: Handler] = [:]
    private var timers: [Int: Due] = [:]
    private var armed: Instant?
    private var lastNumber = 2

    private static let doorbellNumber = 1
    private static let clockNumber = 2

    package init() throws(KernelError) {
        do throws(Errno) {
            epoll = Descriptor(owning: try systemCall { epoll_create1(Int32(EPOLL_CLOEXEC)) })
            doorbell = Descriptor(owning: try systemCall { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) })
            clock = Descriptor(
                owning: try systemCall { timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK)) })
            try Self.control(epoll, EPOLL_CTL_ADD, doorbell.raw, .input, Self.doorbellNumber)
            try Self.control(epoll, EPOLL_CTL_ADD, clock.raw, .input, Self.clockNumber)
        } catch {
            throw KernelError(
                .open, "the reactor's descriptors", error, cure: "Raise the limit of open files (ulimit -n)")
        }
    }

    private static func control(
        _ epoll: borrowing Descriptor, _ operation: Int32, _ descriptor: Int32, _ interest: Interest, _ number: Int
    ) throws(Errno) {
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: UInt64(number)))
        try systemCall { epoll_ctl(epoll.raw, operation, descriptor, &event) }
    }

    // MARK: Watching

    /// Calls `handler` on the reactor's thread whenever the descriptor is ready, until `forget`.
    func watch(
        _ descriptor: Int32, _ interest: Interest, _ handler: @escaping (Interest) -> Void
    ) throws(KernelError) -> Registration {
        lastNumber += 1
        do throws(Errno) {
            try Self.control(epoll, EPOLL_CTL_ADD, descriptor, interest, lastNumber)
        } catch {
            throw KernelError(.watch, "descriptor \(descriptor)", error)
        }
        handlers[lastNumber] = Handler(descriptor: descriptor, body: handler)
        return Registration(number: lastNumber)
    }

    /// Stops watching; an event already fetched for it is dropped. To be called before the descriptor is closed.
    func forget(_ registration: Registration) {
        guard let entry = handlers.removeValue(forKey: registration.number) else { return }
        try? Self.control(epoll, EPOLL_CTL_DEL, entry.descriptor, [], 0)
    }

    // MARK: Time

    /// Calls `action` once at `due`, or as soon after as the thread is free.
    func schedule(at due: Instant, _ action: @escaping () -> Void) -> Timer {
        lastNumber += 1
        timers[lastNumber] = Due(due: due, action: action)
        return Timer(number: lastNumber)
    }

    /// Cancels a timer.
    func cancel(_ timer: Timer) { timers[timer.number] = nil }

    private func arm() {
        let next = timers.values.map(\.due).min()
        guard next != armed else { return }
        armed = next
        // All zero disarms; an instant in the past fires at once.
        let due = max(next?.nanoseconds ?? 0, next == nil ? 0 : 1)
        var time = itimerspec(
            it_interval: timespec(),
            it_value: timespec(tv_sec: Int(due / 1_000_000_000), tv_nsec: Int(due % 1_000_000_000)))
        timerfd_settime(clock.raw, Int32(TFD_TIMER_ABSTIME), &time, nil)
    }

    private func fireTimers() {
        let now = monotonicNow()
        // In the order of their instants, then of their making, so that equal runs are equal.
        for number in timers.filter({ $0.value.due <= now }).sorted(by: {
            ($0.value.due, $0.key) < ($1.value.due, $1.key)
        }).map(\.key) {
            timers.removeValue(forKey: number)?.action()
        }
    }

    // MARK: Other threads

    /// Runs `closure` on the reactor's thread; may be called from any thread.
    func post(_ closure: @escaping @Sendable () -> Void) {
        ring { $0.closures.append(closure) }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        ring { $0.jobs.append(job) }
    }

    private func ring(_ put: (inout Mailbox) -> Void) {
        let wasEmpty = mailbox.withLock { mailbox in
            defer { put(&mailbox) }
            return mailbox.isEmpty
        }
        guard wasEmpty else { return }
        var one: UInt64 = 1
        _ = write(doorbell.raw, &one, 8)
    }

    private func emptyMailbox() {
        let mail = mailbox.withLock { mailbox in
            defer { mailbox = Mailbox() }
            return mailbox
        }
        for closure in mail.closures { closure() }
        for job in mail.jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
    }

    // MARK: The loop

    /// Waits and handles until `isDone` says so; asked again after each round of events.
    package func run(until isDone: () -> Bool) {
        thread.withLock { $0 = pthread_self() }
        defer { thread.withLock { $0 = nil } }
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 64) { events in
            emptyMailbox()
            while !isDone() {
                arm()
                let count = epoll_wait(epoll.raw, events.baseAddress, Int32(events.count), -1)
                guard count > 0 else { continue }
                // Deadlines last: what happened before the clock was looked at happened in time.
                let round = events[..<Int(count)]
                for event in round where event.number != Self.clockNumber { handle(event) }
                for event in round where event.number == Self.clockNumber { handle(event) }
            }
        }
    }

    private func handle(_ event: epoll_event) {
        var drained: UInt64 = 0
        switch event.number {
        case Self.doorbellNumber:
            _ = read(doorbell.raw, &drained, 8)
            emptyMailbox()
        case Self.clockNumber:
            _ = read(clock.raw, &drained, 8)
            armed = nil
            fireTimers()
        default:
            handlers[event.number]?.body(Interest(rawValue: event.events))
        }
    }

    // MARK: SerialExecutor

    package func checkIsolated() {
        precondition(isIsolatingCurrentContext() == true, "this belongs on the reactor's thread")
    }

    package func isIsolatingCurrentContext() -> Bool? {
        thread.withLock { $0.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }
}

extension epoll_event {
    /// The registration that it belongs to.
    fileprivate var number: Int { Int(data.u64) }
}
