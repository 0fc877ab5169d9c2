import CGExec
import Glibc
import Support

@testable import CGExec

/// The kernel layer alone, without a scheduler: one attempt in a pool of its own.
enum Rig {
    /// What one attempt gave.
    struct Result: Sendable {
        var ending: Ending
        /// How often the reactor's loop went round.
        var rounds: Int
    }

    /// Runs one attempt on a thread of its own.
    static func run(_ plan: LaunchPlan, poolLimit: ByteSize? = nil, at base: String) async throws -> Result {
        try await onOwnThread { try runHere(plan, poolLimit: poolLimit, at: base) }
    }

    /// The same on the calling thread, which waits.
    static func runHere(
        _ plan: LaunchPlan, poolLimit: ByteSize? = nil, bestEffort: Bool = false, at base: String
    ) throws -> Result {
        let reactor = try Reactor()
        let place = try Workplace(in: subtree(base), budget: poolLimit, bestEffort: bestEffort)
        defer { place.close() }
        let kernel = LinuxKernel(reactor: reactor, place: place)
        defer { kernel.close() }
        var ending: Ending?
        kernel.deliver = { event, _ in
            if case .ended(_, let its) = event { ending = its }
        }
        kernel.launch(plan)
        var rounds = 0
        reactor.run {
            rounds += 1
            return ending != nil
        }
        guard let ending else { throw NoEnding() }
        return Result(ending: ending, rounds: rounds)
    }

    static func subtree(_ base: String) throws -> Subtree { Subtree(base: base, mount: try .find()) }

    private struct NoEnding: Error {}
}

extension LaunchPlan {
    /// A program with captured output, as a pool starts it.
    init(_ command: [String], leaf: LeafPlan = LeafPlan(), session: Session = .new) {
        self.init(
            attempt: AttemptID(job: JobID(1), number: 1), command: command.map { Array($0.utf8) },
            environment: [Array("PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".utf8)], directory: nil,
            stdin: .null,
            stdout: .capture(Job.captureCap), stderr: .capture(Job.captureCap), outputLimit: nil, leaf: leaf,
            files: nil,
            core: nil, session: session)
    }
}
