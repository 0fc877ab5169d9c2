import Testing

@testable import CGExec

/// From the limits and what a program does to its record, on the simulated kernel.
@Suite struct PoolOutcomeTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var limits = Limits()
        var grace: Duration?
        var program: SimulatedKernel.Program
        var outcome: Outcome.Kind
        var code: Int?
        var signal: Int?
        var culprit: Outcome.Culprit?
        var wall: Double?
        var enforcement: [String: Enforcement] = [:]
        var testDescription: String { name }
    }

    private typealias Program = SimulatedKernel.Program

    private static let long = Program(duration: .seconds(60), endsAfterTerm: .seconds(1))
    private static let stubborn = Program(duration: .seconds(60), endsAfterTerm: nil)
    private static let hungry = Program(duration: .seconds(10), peakMemory: .gib(2))
    private static let missing = LaunchFailure(stage: "exec", errno: 2, message: "not found")

    private static let rows: [Row] = [
        Row(name: "ok", program: Program(duration: .seconds(2)), outcome: .ok, code: 0, wall: 2),
        Row(
            name: "exit", program: Program(duration: .seconds(2), status: .exited(3)), outcome: .exit, code: 3, wall: 2),
        Row(
            name: "signal", program: Program(duration: .seconds(2), status: .signaled(11)), outcome: .signal,
            signal: 11, wall: 2),
        Row(name: "lost", program: Program(duration: .seconds(2), status: .lost), outcome: .lost, wall: 2),
        Row(
            name: "missing program", program: Program(duration: .zero, status: .failed(missing)), outcome: .launchError),
        Row(
            name: "in time", limits: Limits(timeout: .seconds(2)), program: Program(duration: .milliseconds(1999)),
            outcome: .ok, code: 0, wall: 1.999, enforcement: ["timeout": .scheduler]),
        Row(
            name: "ends when asked", limits: Limits(timeout: .seconds(5)), program: long, outcome: .timeout, signal: 15,
            wall: 6, enforcement: ["timeout": .scheduler]),
        Row(
            name: "ignores being asked", limits: Limits(timeout: .seconds(5)), grace: .seconds(3), program: stubborn,
            outcome: .timeout, signal: 9, wall: 8, enforcement: ["timeout": .scheduler]),
        Row(
            name: "is not asked", limits: Limits(timeout: .seconds(5)), grace: .zero, program: long, outcome: .timeout,
            signal: 9, wall: 5, enforcement: ["timeout": .scheduler]),
        Row(
            name: "CPU time", limits: Limits(cpuTimeout: .seconds(12)),
            program: Program(duration: .seconds(60), parallelism: 4), outcome: .cpuTimeout, signal: 15, wall: 3,
            enforcement: ["cpu-timeout": .scheduler]),
        Row(
            name: "little CPU time", limits: Limits(cpuTimeout: .seconds(12)),
            program: Program(duration: .seconds(60), parallelism: 0.1), outcome: .ok, code: 0, wall: 60,
            enforcement: ["cpu-timeout": .scheduler]),
        Row(
            name: "memory", limits: Limits(memory: .gib(1)), program: hungry, outcome: .memory, signal: 9,
            culprit: .job,
            wall: 5),
        Row(name: "no memory limit", program: hungry, outcome: .ok, code: 0, wall: 10),
        Row(
            name: "memory before the timeout", limits: Limits(memory: .gib(1), timeout: .seconds(6)), program: hungry,
            outcome: .memory, signal: 9, culprit: .job, wall: 5, enforcement: ["timeout": .scheduler]),
        Row(
            name: "timeout before memory", limits: Limits(memory: .gib(1), timeout: .seconds(4)), program: hungry,
            outcome: .timeout, signal: 15, wall: 4, enforcement: ["timeout": .scheduler]),
        Row(
            name: "output",
            limits: {
                var limits = Limits()
                limits.outputLimit = .mib(1)
                return limits
            }(), program: Program(duration: .seconds(60), exceedsOutputAfter: .seconds(7)), outcome: .output,
            signal: 15, wall: 7, enforcement: ["output-limit": .scheduler]),
        Row(
            name: "resource limits",
            limits: {
                var limits = Limits()
                limits.files = 10
                limits.core = ByteSize(0)
                return limits
            }(), program: Program(duration: .seconds(1)), outcome: .ok, code: 0, wall: 1,
            enforcement: ["files": .rlimit, "core": .rlimit]),
    ]

    @Test(arguments: rows)
    func `how a job ends`(_ row: Row) throws {
        let pool = SimulatedPool(slots: 2, budget: nil) { _ in row.program }
        var job = Job(row.name, ["p"], limits: row.limits)
        job.limits.grace = row.grace
        let records = pool.run([job])
        #expect(records.count == 1 && pool.core.isIdle)
        let record = try #require(records.first)
        let outcome = record.outcome
        #expect(outcome.kind == row.outcome)
        #expect(outcome.code == row.code && outcome.signal == row.signal && outcome.culprit == row.culprit)
        #expect(record.enforcement == row.enforcement)
        #expect(record.limits == job.limits)
        if let wall = row.wall {
            // A CPU time limit may be late by the finest measurement.
            #expect(abs(try #require(record.wallSeconds) - wall) < 0.005)
            #expect(pool.starts.map(\.id) == [JobID(1)])
        }
        if row.outcome == .launchError {
            #expect(outcome.stage == "exec" && outcome.errno == 2 && outcome.message == "not found")
            #expect(pool.starts.isEmpty)
        }
    }

    @Test func `a share is what the program can hold at most`() {
        let pool = SimulatedPool(slots: 4, budget: .gib(2), shares: true) { _ in Self.hungry }
        let records = pool.run(Array(repeating: Job("j", ["p"]), count: 4))
        #expect(
            pool.attempts.prefix(4).map(\.usage?.memoryPeakBytes) == Array(repeating: ByteSize.mib(512).bytes, count: 4)
        )
        #expect(pool.attempts.allSatisfy { $0.outcome.kind == .memory && $0.outcome.culprit == .pool })
        // Each got as much as it needs in the end.
        #expect(records.allSatisfy { $0.outcome.isSuccess })
    }

    @Test func `what does not fit in the whole budget is not tried again`() {
        let pool = SimulatedPool(slots: 1, budget: .gib(1), shares: true) { _ in Self.hungry }
        let records = pool.run([Job("j", ["p"])])
        #expect(records.map(\.outcome.culprit) == [.pool] && pool.attempts.isEmpty)
    }
}
