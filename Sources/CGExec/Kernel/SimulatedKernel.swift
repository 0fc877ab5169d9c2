import HeapModule

/// A kernel of the imagination: programs are a duration, a memory curve and an exit, and the clock moves only when
/// nothing is left to do at its instant. It drives tests and `simulate`.
final class SimulatedKernel: Kernel {
    var deliver: (KernelEvent, Instant) -> Void = { _, _ in }
    private(set) var now = Instant(nanoseconds: 1_000_000_000)

    /// What a program does when it is left alone.
    struct Program: Sendable {
        var duration: Duration
        /// Grows evenly from nothing over the duration.
        var peakMemory = ByteSize(0)
        /// CPU seconds a second.
        var parallelism = 1.0
        var status = AttemptStatus.exited(0)
        /// How long it runs on after SIGTERM; nil when it ignores it.
        var endsAfterTerm: Duration? = .zero
        /// When it writes more than its output limit.
        var exceedsOutputAfter: Duration?
        /// When it stalls at its own limit for longer than allowed.
        var thrashesAfter: Duration?
        /// What stays in memory when it ends.
        var leavesBehind = ByteSize(0)
    }

    /// The launches so far, in order, for tests to look at.
    private(set) var launches: [LaunchPlan] = []

    /// What ended programs have left in memory.
    var leftBehind = ByteSize(0)

    private let program: (LaunchPlan) -> Program
    private var running: [AttemptID: Run] = [:]
    private var agenda: Heap<Entry> = []
    private var lastOrder = 0
    private var wakeAt: Instant?

    private struct Run {
        var program: Program
        var plan: LaunchPlan
        var started: Instant
        /// The number of its launch.
        var order: Int
        /// The earliest end planned; any other on the agenda is void.
        var end: Entry?

        func memory(at now: Instant) -> ByteSize {
            let lived = min(1, now.since(started) / max(program.duration, .nanoseconds(1)))
            return ByteSize(min(UInt64(Double(program.peakMemory.bytes) * lived), plan.leaf.memory?.bytes ?? .max))
        }
    }

    /// What is due at one instant happens in the order of its planning.
    private struct Entry: Comparable {
        var due: Instant
        var order: Int
        var attempt: AttemptID
        var event: KernelEvent

        static func == (left: Entry, right: Entry) -> Bool { left.order == right.order }
        static func < (left: Entry, right: Entry) -> Bool { (left.due, left.order) < (right.due, right.order) }
    }

    /// A kernel on which each plan does what `program` says.
    init(program: @escaping (LaunchPlan) -> Program) { self.program = program }

    /// Here a program's name is all there is of it.
    func identify(_ job: JobID, program: [UInt8], path: [UInt8]?, directory: String?) {
        let name = String(decoding: program, as: UTF8.self)
        deliver(.identified(job, ProgramVersion(path: name, digest: name)), now)
    }

    func launch(_ plan: LaunchPlan) {
        launches.append(plan)
        let program = program(plan)
        running[plan.attempt] = Run(program: program, plan: plan, started: now, order: launches.count)
        if case .failed = program.status {
            return plannedEnd(plan.attempt, program.status, after: .zero, killedForMemory: false)
        }
        add(.launched(plan.attempt, started: now), of: plan.attempt, after: .zero)
        if let excess = program.exceedsOutputAfter, plan.outputLimit != nil {
            add(.outputExceeded(plan.attempt), of: plan.attempt, after: excess)
        }
        if let time = program.thrashesAfter, plan.leaf.thrash != nil {
            add(.thrashed(plan.attempt), of: plan.attempt, after: time)
        }
        if let limit = plan.leaf.memory, program.peakMemory > limit {
            let reached = program.duration * (Double(limit.bytes) / Double(program.peakMemory.bytes))
            plannedEnd(plan.attempt, .signaled(9), after: reached, killedForMemory: true)
        } else {
            plannedEnd(plan.attempt, program.status, after: program.duration, killedForMemory: false)
        }
    }

    func terminate(_ attempt: AttemptID) {
        guard let delay = running[attempt]?.program.endsAfterTerm else { return }
        plannedEnd(attempt, .signaled(15), after: delay, killedForMemory: false)
    }

    func kill(_ attempt: AttemptID) {
        guard running[attempt] != nil else { return }
        plannedEnd(attempt, .signaled(9), after: .zero, killedForMemory: false)
    }

    /// Nobody is ended here by anybody else.
    func spare(_ attempt: AttemptID) {}

    func measureCPU(_ attempt: AttemptID) {
        guard let job = running[attempt] else { return }
        deliver(.cpuUsed(attempt, now.since(job.started) * job.program.parallelism), now)
    }

    func measureMemory() {
        let attempts = running.values.sorted { $0.order < $1.order }.map { run in
            MemoryReading.Attempt(id: run.plan.attempt, need: run.memory(at: now))
        }
        let sum = attempts.reduce(leftBehind.bytes) { $0 + $1.need.bytes }
        deliver(.memory(MemoryReading(need: ByteSize(sum), attempts: attempts)), now)
    }

    func measureLeftBehind() { deliver(.leftBehind(leftBehind), now) }

    func wake(at instant: Instant?) { wakeAt = instant }

    /// Lets time pass until nothing is left to happen.
    func run() {
        while step() {}
    }

    /// Lets the next thing happen; false when there is none.
    func step() -> Bool {
        while let next = agenda.min, isVoid(next) { agenda.removeMin() }
        let next = agenda.min
        if let wakeAt, wakeAt < next?.due ?? Instant(nanoseconds: .max) {
            now = max(now, wakeAt)
            self.wakeAt = nil
            deliver(.wake, now)
            return true
        }
        guard let next else { return false }
        agenda.removeMin()
        now = max(now, next.due)
        if case .ended = next.event {
            leftBehind.bytes += running.removeValue(forKey: next.attempt)?.program.leavesBehind.bytes ?? 0
        }
        deliver(next.event, now)
        return true
    }

    private func isVoid(_ entry: Entry) -> Bool {
        guard let run = running[entry.attempt] else { return true }
        if case .ended = entry.event { return entry != run.end }
        return false
    }

    private func plannedEnd(
        _ attempt: AttemptID, _ status: AttemptStatus, after delay: Duration, killedForMemory: Bool
    ) {
        guard let job = running[attempt] else { return }
        let due = now.advanced(by: delay)
        if let end = job.end, end.due <= due { return }
        var ending = Ending(status: status, started: job.started, ended: due)
        ending.memory = MemoryEvidence(
            killsInLeaf: killedForMemory ? 1 : 0, oomAtLeaf: killedForMemory ? 1 : 0, oomAtPool: 0, oomAbove: 0)
        var usage = Usage()
        usage.cpuSeconds = due.since(job.started).seconds * job.program.parallelism
        usage.memoryPeakBytes = job.memory(at: due).bytes
        usage.needPeakBytes = killedForMemory ? nil : usage.memoryPeakBytes
        usage.memory = ["shmem": job.program.leavesBehind.bytes]
        ending.usage = usage
        running[attempt]?.end = add(.ended(attempt, ending), of: attempt, after: delay)
    }

    @discardableResult
    private func add(_ event: KernelEvent, of attempt: AttemptID, after delay: Duration) -> Entry {
        lastOrder += 1
        let entry = Entry(due: now.advanced(by: delay), order: lastOrder, attempt: attempt, event: event)
        agenda.insert(entry)
        return entry
    }
}
