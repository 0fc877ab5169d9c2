import Glibc
import Support
import Testing

/// However and whenever `exec` dies, nothing of it is left: no process, no cgroup.
@Suite(.scratchCgroup) struct SupervisorDeathTests {
    private let tree: String

    init() throws { tree = try ScratchCgroup.current().path }

    /// A job that slips a daemon out of its session and then goes on, or leaves it alone.
    private static let holding = "$0 daemon --hold 1h >&3; echo up; exec $0 sleep 1h"
    private static let leaving = "$0 daemon --hold 1h >&3; echo up"
    private static let heldDescriptor: Int32 = 9

    private func start(_ script: String, _ lifeline: Lifeline) throws -> Child {
        // 3 swallows the daemon's report; every process of the job holds 9, and so do we until it starts.
        try lifeline.handOver { end in
            try Child(
                Programs.exec(["--cgroup", tree], ["sh", "-c", "exec 3>/dev/null; " + script, Programs.probe()]),
                descriptors: [Self.heldDescriptor: end])
        }
    }

    @Test func `killed while its job runs, it leaves neither process nor cgroup`() throws {
        let lifeline = try Lifeline()
        let child = try start(Self.holding, lifeline)
        #expect(try child.line() == "up")
        #expect(CgroupTree.children(of: tree).count == 1)
        child.signal(SIGKILL)
        #expect(try child.waitForExit().status == .signaled(SIGKILL))
        try lifeline.waitUntilFree()
        try CgroupTree.waitUntilChildless(tree)
    }

    @Test func `killed at random moments, it leaves neither process nor cgroup`() throws {
        let span = try 1.3 * duration(of: Self.leaving)
        let seed = SeededGenerator.newSeed()
        var dice = SeededGenerator(seed: seed)
        for round in 0..<Patience.rounds(50, inVM: 6) {
            let pause = Double.random(in: 0...span, using: &dice)
            let lifeline = try Lifeline()
            let child = try start(round % 2 == 0 ? Self.holding : Self.leaving, lifeline)
            usleep(UInt32(pause * 1e6))
            child.signal(SIGKILL)
            _ = try child.waitForExit()
            do {
                try lifeline.waitUntilFree()
                try CgroupTree.waitUntilChildless(tree)
            } catch {
                throw Trouble("killed in round \(round) after \(pause) s (CGEXEC_TESTS_SEED=\(seed)): \(error)")
            }
        }
    }

    @Test func `what it leaves when its keeper is killed with it, the next one removes, and nothing of the living`()
        throws
    {
        let (lifeline, other) = (try Lifeline(), try Lifeline())
        let (dead, stopped) = (try start(Self.holding, lifeline), try start(Self.holding, other))
        #expect(try dead.line() == "up" && stopped.line() == "up")
        let ours = Set(Processes.children(of: dead.pid).filter { isKeeper($0) })
        #expect(ours.count == 1)
        // Stopped, it cannot do anything, and lives all the same.
        stopped.signal(SIGSTOP)
        for keeper in ours { kill(keeper, SIGSTOP) }
        dead.signal(SIGKILL)
        _ = try dead.waitForExit()
        for keeper in ours { kill(keeper, SIGKILL) }
        #expect(CgroupTree.children(of: tree).count == 2)
        // Nobody's, whatever it is called.
        let foreign = try ScratchCgroup.current().make("cgexec-\(dead.pid)-7")
        // On a machine that is slow enough the first leaves the rest to the next.
        for _ in 1...5 where CgroupTree.children(of: tree).count > 2 {
            let next = try Child.run(Programs.exec(["--cgroup", tree], ["true"]))
            #expect(next.status == .exited(0), "\(next)")
            try lifeline.waitUntilFree()
        }
        #expect(CgroupTree.children(of: tree).count == 2)
        #expect(rmdir(foreign) == 0)
        stopped.signal(SIGCONT)
        stopped.signal(SIGTERM)
        _ = try stopped.waitForExit()
        try other.waitUntilFree()
        try CgroupTree.waitUntilChildless(tree)
    }

    /// Whether a child of a pool's is no job: it is in none of the leaves.
    private func isKeeper(_ pid: Int32) -> Bool {
        let place = contents(of: "/proc/\(pid)/cgroup") ?? ""
        return !CgroupTree.children(of: tree).contains { place.contains("/\($0)/") }
    }

    /// Seconds from its start to its end, without a kill.
    private func duration(of script: String) throws -> Double {
        let lifeline = try Lifeline()
        let start = monotonicNanoseconds()
        let child = try self.start(script, lifeline)
        #expect(try child.wait().status == .exited(0))
        let end = monotonicNanoseconds()
        try lifeline.waitUntilFree()
        #expect(CgroupTree.children(of: tree).isEmpty)
        return Double(end - start) / 1e9
    }
}
