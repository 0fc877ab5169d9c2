import Support
import Testing

@testable import CGExec

/// What the counters of the CPUs tell of others on them.
@Suite struct ForeignLoadTests {
    private static let before = """
        cpu  1000 0 500 90000 10 0 5 0 0 0
        cpu0 600 0 300 45000 5 0 5 0 0 0
        cpu1 400 0 200 45000 5 0 0 0 0 0
        intr 12345 0 0
        """
    private static let after = """
        cpu  1250 10 560 90610 20 3 9 60 0 0
        cpu0 700 0 330 45260 10 3 9 10 0 0
        cpu1 550 10 230 45350 10 0 0 50 0 0
        """

    @Test func `ticks are told apart`() throws {
        let (before, after) = (ProcStat(Self.before), ProcStat(Self.after))
        let both = try #require(after.since(before, on: CPUSet([0, 1])))
        #expect(both == .init(total: 1007, busy: 387, used: 320, stolen: 60))
        #expect(after.since(before, on: CPUSet([0]))?.used == 130)
        #expect(after.since(before, on: CPUSet([0, 2])) == nil, "a CPU that is offline has no line")
    }

    /// Used and stolen seconds of its CPUs, its own seconds, and what is said.
    @Test(
        arguments: [
            (10, 0, 9.9, 1, []),
            (10, 0, 10.05, 1, []),  // more exact than ticks are
            (10, 0, 9.5, 1, ["other processes used 5.0 % of its CPUs 0"]),
            (8, 0, 0, 2, ["other processes used 40.0 % of its CPUs 0-1"]),
            (0, 0, 0, 4, []),
            // Half busy: the ticks that hit it are a draw.
            (5.4, 0, 5, 1, []),
            (6.5, 0, 5, 1, ["other processes used 15.0 % of its CPUs 0"]),
            (10, 0.1, 10, 1, []),
            (10, 2, 10, 1, ["the machine below this virtual one took 20.0 % of the time of its CPUs 0"]),
        ] as [(Double, Double, Double, Int, [String])])
    func `what counts as disturbed in ten seconds`(
        used: Double, stolen: Double, own: Double, count: Int, reasons: [String]
    ) {
        let ticks = ProcStat.Ticks(
            total: 1000, busy: UInt64(used * 100), used: UInt64(used * 100), stolen: UInt64(stolen * 100))
        #expect(ForeignLoad.reasons(ticks, on: CPUSet(0..<count), seconds: 10, own: own) == reasons)
    }

    @Test func `nothing can be said of no time`() {
        #expect(ForeignLoad.reasons(.init(used: 50), on: CPUSet([0]), seconds: 0, own: 0).isEmpty)
    }

    /// Whoever draws many undisturbed runs is not to find disturbed ones among them.
    @Test func `chance alone is not held against anybody`() {
        let seed = SeededGenerator.newSeed()
        var random = SeededGenerator(seed: seed)
        var alarms = 0
        for _ in 0..<2_000 {
            let share = Double.random(in: 0...1, using: &random)
            let ticks = (0..<500).count { _ in Double.random(in: 0..<1, using: &random) < share }
            let reasons = ForeignLoad.reasons(
                .init(used: UInt64(ticks)), on: CPUSet([0]), seconds: 5, own: 5 * share)
            alarms += reasons.count
        }
        #expect(alarms <= 4, "seed \(seed)")
    }

    @Test(
        arguments: [
            ("offline@/devices/system/cpu/cpu3\0ACTION=offline\0SUBSYSTEM=cpu\0", 3, "was taken offline"),
            ("online@/devices/system/cpu/cpu12\0ACTION=online\0", 12, "was brought online"),
            ("change@/devices/system/cpu/cpu3\0", nil, ""),
            ("offline@/devices/system/memory/memory3\0", nil, ""),
            ("", nil, ""),
        ] as [(String, Int?, String)])
    func `what the kernel says of a CPU`(message: String, cpu: Int?, what: String) {
        let change = HotplugWatch.change(Array(message.utf8))
        #expect(change == cpu.map { .cpu($0, what) })
    }

    @Test func `the kernel's device events can be heard`() throws {
        let reactor = try Reactor()
        try HotplugWatch(on: reactor) { _ in Issue.record("no CPU comes or goes here") }.drain()
    }
}
