@testable import CGExec

/// A pool on a simulated kernel, and everything that it told.
final class SimulatedPool {
    typealias Program = SimulatedKernel.Program

    let kernel: SimulatedKernel
    let core: PoolCore
    private(set) var records: [Record] = []
    /// Of the attempts that others followed.
    private(set) var attempts: [Record] = []
    private(set) var starts: [(id: JobID, job: Job, grant: Grant)] = []
    /// Called for each record, when it has been noted.
    var onRecord: (Record) -> Void = { _ in }

    /// A program that takes a second.
    static func second(_ plan: LaunchPlan) -> Program { Program(duration: .seconds(1)) }

    /// Civil time when the simulation begins: 1970-01-01T01:00:00Z.
    static let epoch = Timestamp(nanosecondsSinceEpoch: 3_600_000_000_000)

    init(
        slots: Int = 1, cpus: Int = 4, topology: Topology? = nil, budget: ByteSize? = nil, shares: Bool = false,
        policy: Policy = Policy(), learned: MemoryModel = MemoryModel(),
        surroundings change: (inout PoolCore.Surroundings) -> Void = { _ in },
        program: @escaping (LaunchPlan) -> Program
    ) {
        kernel = SimulatedKernel(program: program)
        var surroundings = PoolCore.Surroundings(epoch: (Self.epoch, kernel.now))
        change(&surroundings)
        let configuration = Scheduler.Configuration(
            slots: Array(repeating: Slot(), count: slots), cpus: CPUSet(0..<cpus), topology: topology, budget: budget,
            sharesBudget: shares, policy: policy, memoryModel: learned)
        core = PoolCore(kernel: kernel, configuration, surroundings)
        core.onStart = { [unowned self] id, job, grant in starts.append((id, job, grant)) }
        core.onAttempt = { [unowned self] record in attempts.append(record) }
        core.onRecord = { [unowned self] record in
            records.append(record)
            onRecord(record)
        }
    }

    /// Submits the jobs and lets everything happen; the records in the order of submission.
    func run(_ jobs: [Job]) -> [Record] {
        for job in jobs { _ = core.submit(job) }
        kernel.run()
        return records.sorted { $0.id < $1.id }
    }

    /// Lets time pass until so many programs run.
    func run(untilStarted count: Int) {
        while starts.count < count, kernel.step() {}
    }

    /// When something happened, in seconds after the beginning.
    static func seconds(_ time: Timestamp?) -> Double? {
        time.map { Double($0.nanosecondsSinceEpoch - epoch.nanosecondsSinceEpoch) / 1e9 }
    }

    /// The environment of a launch.
    static func environment(_ plan: LaunchPlan) -> [String: String] {
        var values: [String: String] = [:]
        for entry in plan.environment {
            let text = String(decoding: entry, as: UTF8.self).split(separator: "=", maxSplits: 1)
            values[String(text[0])] = text.count == 2 ? String(text[1]) : ""
        }
        return values
    }
}
