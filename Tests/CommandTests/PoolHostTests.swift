import Glibc
import Support
import Testing

/// What becomes of a pool's jobs when the program that it is in comes to an end, and what becomes of that program.
@Suite(.scratchCgroup) struct PoolHostTests {
    private let tree: String

    init() throws { tree = try ScratchCgroup.current().path }

    /// Starts a program with a pool and waits until its job runs.
    private func start(_ mode: String, _ script: String? = nil) throws -> Child {
        // Where the runtime is to print backtraces, it has a handler for SIGQUIT, after which the program goes on.
        try waitUntilUp(
            Child(
                [Programs.poolHost(), tree, mode] + (script.map { [$0] } ?? []), standard: .input,
                environment: ["SWIFT_BACKTRACE": "enable=no"]))
    }

    private func waitUntilUp(_ child: Child) throws -> Child {
        #expect(try child.line() == "runs")
        // While it waits for us: once it is up, it may be at its end before we look.
        #expect(!CgroupTree.children(of: tree).isEmpty)
        try child.write("x")
        #expect(try child.line() == "up")
        return child
    }

    private static let inOrder = "runs\nup\nasked\nfinished cancelled\n"

    @Test(arguments: [SIGHUP, SIGINT, SIGQUIT, SIGTERM])
    func `a signal ends the jobs first, and then the program`(signal: Int32) throws {
        let child = try start("close")
        child.signal(signal)
        let finish = try child.wait()
        #expect(finish.status == .signaled(signal))
        #expect(finish.stdout.hasPrefix(Self.inOrder))
        #expect(CgroupTree.children(of: tree).isEmpty)
    }

    @Test func `the second signal waits for no grace`() throws {
        let child = try start("close", "trap 'echo asked' TERM; echo runs; while :; do sleep 1000 & wait; done")
        child.signal(SIGTERM)
        #expect(try child.line() == "asked")
        child.signal(SIGINT)
        let finish = try child.wait()
        #expect(finish.status == .signaled(SIGTERM), "the first is the one that counts")
        #expect(finish.stdout.contains("finished cancelled\n"))
        #expect(CgroupTree.children(of: tree).isEmpty)
    }

    @Test func `a handler of the program's own gets its signal afterwards`() throws {
        let child = try start("handler")
        child.signal(SIGTERM)
        let finish = try child.wait()
        #expect(finish.status == .exited(7))
        #expect(finish.stdout.hasPrefix(Self.inOrder))
        #expect(finish.stdout.hasSuffix("own handler\n"))
        #expect(CgroupTree.children(of: tree).isEmpty)
    }

    @Test func `exit waits for the jobs' end`() throws {
        let child = try start("exit")
        let finish = try child.wait()
        #expect(finish.status == .exited(3))
        #expect(finish.stdout.hasPrefix(Self.inOrder))
        #expect(CgroupTree.children(of: tree).isEmpty)
    }

    @Test func `exit on the pool's own thread cannot wait, and leaves nothing`() throws {
        let finish = try Child.run([Programs.poolHost(), tree, "exit-in-callback"])
        #expect(finish.status == .exited(4) && finish.stdout == "")
        try CgroupTree.waitUntilChildless(tree)
    }

    @Test func `a signal that is ignored stays so`() throws {
        let script = "trap '' HUP; exec \"$1\" \"$2\" close"
        let child = try waitUntilUp(
            Child(["sh", "-c", script, "sh", Programs.poolHost(), tree], standard: .input))
        child.signal(SIGHUP)
        child.signal(SIGTERM)
        #expect(try child.wait().status == .signaled(SIGTERM))
        #expect(CgroupTree.children(of: tree).isEmpty)
    }

    @Test func `without being asked the pool leaves signals alone, and nothing survives`() throws {
        let child = try start("untouched")
        child.signal(SIGTERM)
        let finish = try child.waitForExit()
        #expect(finish.status == .signaled(SIGTERM) && !finish.stdout.contains("finished"))
        try CgroupTree.waitUntilChildless(tree)
    }
}
