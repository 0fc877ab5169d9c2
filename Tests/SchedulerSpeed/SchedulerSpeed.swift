import Glibc
import Testing

@testable import CGExec

/// What the scheduler takes for an event and for a job that waits: a measurement, not a test. `Benchmarks/run` runs it, a
/// process for each row, since memory that one row gave back would be there for the next.
@Suite(.enabled(if: getenv("CGEXEC_BENCHMARK") != nil, "Benchmarks/run runs it")) struct SchedulerSpeed {
    @Test func `decisions`() throws {
        let path = try #require(getenv("CGEXEC_BENCHMARK").map { String(cString: $0) }, "which file to add the row to")
        let row = try #require(getenv("CGEXEC_BENCHMARK_ROW").flatMap { Int(String(cString: $0)) }, "which row")
        // In turn with half as many: what grows with the queue shows.
        let rows = Load.all.flatMap { load in [50_000, 100_000].map { (load, $0) } }
        guard rows.indices.contains(row) else { return }
        let file = try #require(fopen(path, "a"), "cannot write \(path)")
        fputs(Run(rows[row].0, rows[row].1).row, file)
        fclose(file)
    }

    /// How long it takes to find a place on a machine of 4 packages and 512 threads, a quarter of them taken at random.
    @Test func `places`() throws {
        let path = try #require(getenv("CGEXEC_BENCHMARK").map { String(cString: $0) }, "which file to add the rows to")
        guard getenv("CGEXEC_BENCHMARK_ROW") == nil else { return }
        let file = try #require(fopen(path, "a"), "cannot write \(path)")
        defer { fclose(file) }
        let machine = try HwlocTopology.read(.synthetic("pack:4 [numa] l3:8 l2:8 core:1 pu:2"))
        var measured = Demand(cpus: 3)
        measured.leavesSiblingsIdle = true
        var wide = Demand()
        wide.pieces = try SlotLayout(.l3, of: machine).slots
        for (name, mask, demand) in [
            ("a slot of a thread", AffinityMask.thread, Demand()), ("a slot of a core", .core, Demand()),
            ("1 CPU", .none, Demand(cpus: 1)), ("16 CPUs", .none, Demand(cpus: 16)),
            ("3 CPUs, measured", .none, measured), ("an L3 of its own", .core, wide),
        ] {
            fputs(try Places(name, machine, mask, demand).row, file)
        }
    }
}

/// One kind of place, looked for again and again.
private struct Places {
    let row: String

    init(_ name: String, _ machine: Topology, _ mask: AffinityMask, _ demand: Demand) throws {
        var slots = try SlotLayout(mask, of: machine).slots
        if slots.isEmpty { slots = Array(repeating: Slot(), count: 512) }
        var ledger = Ledger(slots: slots, cpus: machine.cpus, topology: machine, budget: nil)
        var random = SystemRandomNumberGenerator()
        for cpu in machine.cpus.members.shuffled(using: &random).prefix(128) {
            guard let slot = ledger.freeSlots.firstIndex(of: true) else { break }
            ledger.take(Grant(slot: slot, cpus: CPUSet([cpu])), for: Demand(), reserving: nil)
        }
        let clock = ContinuousClock()
        var times: [Duration] = []
        for _ in 0..<2000 {
            var grant: Grant?
            times.append(
                clock.measure {
                    grant = ledger.place(demand, reserving: nil)
                    if let grant { ledger.take(grant, for: demand, reserving: nil) }
                })
            if let grant { ledger.giveBack(grant, of: demand, reserved: nil) }
        }
        let sorted = times.sorted()
        func text(_ time: Duration) -> String { "\((time.seconds * 1e7).rounded() / 10)" }
        row = "| \(name) | \(text(sorted[1000])) | \(text(sorted[1980])) |\n"
    }
}

/// A kind of queue.
private struct Load {
    var name: String
    var configuration: Scheduler.Configuration
    var groups = 0
    var demand: (Int) -> Demand
    var end: (Int) -> AttemptEnd = { _ in AttemptEnd(status: .exited(0)) }

    private static func configuration(_ mode: Mode = .strict) -> Scheduler.Configuration {
        var policy = Policy()
        policy.mode = mode
        return .init(
            slots: Array(repeating: Slot(), count: 64), cpus: CPUSet(0..<64), budget: .gib(128), sharesBudget: true,
            policy: policy)
    }

    static var all: [Load] {
        let hard = Load(name: "hard limits", configuration: configuration()) { number in
            Demand(memory: .mib(UInt64(500 + number % 37 * 100)))
        }
        let owned = Load(name: "hard limits, 1 to 4 CPUs of their own", configuration: configuration()) { number in
            Demand(memory: .mib(UInt64(500 + number % 37 * 100)), cpus: 1 + number % 4)
        }
        var estimates = Load(name: "estimates, 100 categories", configuration: configuration()) { number in
            Demand(need: .gib(4), category: "c\(number % 100)", size: Double(1 + number % 89))
        }
        estimates.end = { number in
            AttemptEnd(status: .exited(0), need: .mib(UInt64(300 + number % 100 * 10 + number % 89 * 5)))
        }
        var packed = estimates
        packed.name = "packed, estimates"
        packed.configuration = configuration(.packed)
        var groups = Load(name: "1,000 groups, each job after another", configuration: configuration(), groups: 1000) {
            number in
            var demand = Demand(memory: .mib(500), group: JobGroupID(1 + number % 1000))
            if number > 1000 {
                demand.dependencies = [Dependency(target: .job(JobID(number - 1000)), needsSuccess: false)]
            }
            return demand
        }
        groups.end = { number in AttemptEnd(status: .exited(number % 10 == 0 ? 1 : 0)) }
        // The heaviest first, each with a limit of its own: each failure asks who else must fail, and nobody must.
        var chains = Load(name: "one category, each breaks its limit", configuration: configuration()) { number in
            Demand(memory: .mib(UInt64(100 + number % 900)), category: "c", size: Double(1_000_000 - number))
        }
        chains.end = { _ in AttemptEnd(status: .signaled(9), culprit: .job) }
        return [hard, owned, estimates, packed, groups, chains]
    }
}

/// One queue from the first submission to the last end.
private struct Run {
    let row: String

    init(_ load: Load, _ count: Int) {
        var scheduler = Scheduler(load.configuration)
        var running: [AttemptID] = []
        var next = 0
        var events = 0
        var now = Instant(nanoseconds: 1)
        var total = Duration.zero
        var worst = Duration.zero
        let clock = ContinuousClock()

        func tell(_ event: Event) {
            var effects: [Effect] = []
            let time = clock.measure { effects = scheduler.handle(event, at: now) }
            events += 1
            total += time
            worst = max(worst, time)
            for effect in effects {
                switch effect {
                case .launch(let id, _):
                    running.append(id)
                    tell(.launched(id, started: now))
                case .measureMemory:
                    tell(.memory(MemoryReading(need: .gib(20), attempts: [])))
                case .kill(let id): if !running.contains(id) { running.append(id) }
                default: break
                }
            }
        }

        for number in 0..<load.groups { tell(.opened(JobGroupID(number + 1), GroupPlan())) }
        let before = Self.residentBytes
        for number in 1...count { tell(.submitted(JobID(number), load.demand(number))) }
        let waiting = scheduler.waitingCount
        let bytes = (Self.residentBytes - before) / max(1, waiting)
        for number in 0..<load.groups { tell(.sealed(JobGroupID(number + 1))) }
        while !scheduler.isIdle {
            now = now.advanced(by: .milliseconds(50))
            if let due = scheduler.nextDeadline, due <= now { tell(.wake) }
            if next < running.count {
                let id = running[next]
                next += 1
                tell(.ended(id, load.end(id.job.number)))
            } else if let due = scheduler.nextDeadline {
                now = max(now, due)
                tell(.wake)
            } else {
                break
            }
        }
        let each = total.seconds * 1e6 / Double(events)
        row = "| \(load.name) | \(count) | \(Self.tenths(each)) | \(Self.tenths(worst.seconds * 1e3)) | \(bytes) |\n"
    }

    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    /// statm's second number, in pages.
    private static var residentBytes: Int {
        let fields = readFile("/proc/self/statm")?.split(separator: " ") ?? []
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
