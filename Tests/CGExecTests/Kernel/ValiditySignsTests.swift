import Testing

@testable import CGExec

/// How far figures can be trusted, from what was counted.
@Suite struct ValiditySignsTests {
    private static func signs(_ change: (inout ValiditySigns) -> Void = { _ in }) -> ValiditySigns {
        var signs = ValiditySigns()
        signs.wallSeconds = 10
        signs.usage.cpuSeconds = 9
        signs.usage.swapPeakBytes = 0
        (signs.highHits, signs.limitHits, signs.anonymousRefaults, signs.fileRefaults) = (0, 0, 0, 0)
        change(&signs)
        return signs
    }

    private static func stall(_ some: Double, _ full: Double) -> Usage.Pressure {
        .init(memory: .init(someSeconds: some, fullSeconds: full))
    }

    @Test func `nothing happened`() {
        #expect(Self.signs().judgement == .init(verdict: .clean, reasons: []))
        #expect(Self.signs { $0.seesMemory = false }.judgement == nil, "who did not look cannot say so")
    }

    private struct Case: Sendable {
        var texts: [String]
        var verdict: Record.Validity.Verdict
        var change: @Sendable (inout ValiditySigns) -> Void

        init(
            _ texts: String..., verdict: Record.Validity.Verdict = .clean,
            _ change: @escaping @Sendable (inout ValiditySigns) -> Void
        ) {
            self.texts = texts
            self.verdict = verdict
            self.change = change
        }
    }

    private static let disturbances = [
        Case("it was frozen", verdict: .invalid) { $0.wasFrozen = true },
        Case("it was frozen", verdict: .invalid) { $0.usage.frozenSeconds = 0.01 },
        Case("a memory.high that we did not set held it back, 3 times", verdict: .invalid) { $0.highHits = 3 },
        Case("up to 1 MiB of it was swapped out", verdict: .invalid) { $0.usage.swapPeakBytes = 1 << 20 },
        Case("7 pages were swapped out and needed again", verdict: .invalid) { $0.anonymousRefaults = 7 },
        Case("it waited for memory for 60 ms", verdict: .invalid) { $0.usage.pressure = stall(0.06, 0.06) },
        Case("its memory.max was 2 at first", verdict: .invalid) {
            $0.changedLimits = ["its memory.max was 2 at first"]
        },
        Case("it was at its memory limit 2 times", verdict: .perturbed) { $0.limitHits = 2 },
        Case("files that it had read were taken from the cache, and read again", verdict: .perturbed) {
            $0.usage.pressure = stall(0.2, 0.04)
            $0.fileRefaults = 9
        },
        Case("a CPU quota held it back for 1.00 s", verdict: .perturbed) { $0.heldBackSeconds = 1 },
        Case("memory ran out in the pool or above it while it ran, and another was killed", verdict: .perturbed) {
            $0.oomBeside = 1
        },
        Case("CPU 3 was taken offline while it ran", verdict: .perturbed) {
            $0.seesMemory = false
            $0.disturbances = ["CPU 3 was taken offline while it ran"]
        },
    ]

    @Test(arguments: disturbances.indices) func `each disturbance has its verdict`(_ index: Int) {
        let its = Self.disturbances[index]
        #expect(Self.signs(its.change).judgement == .init(verdict: its.verdict, reasons: its.texts))
    }

    private static let asked = [
        Case("its CPU quota held it back for 1.00 s") {
            $0.hasOwnQuota = true
            $0.heldBackSeconds = 1
        },
        Case("up to 4 KiB of it was swapped out", "1 pages were swapped out and needed again") {
            $0.hasOwnSwap = true
            $0.usage.swapPeakBytes = 4096
            $0.anonymousRefaults = 1
        },
        Case("it was at its memory limit 5 times", "it waited for memory for 1.00 s") {
            $0.hasOwnMemory = true
            $0.limitHits = 5
            $0.usage.pressure = stall(2, 1)
            $0.fileRefaults = 100
        },
        Case("this host's turbo: on") { $0.hostNotes = ["this host's turbo: on"] },
    ]

    @Test(arguments: asked.indices) func `what the job asked for is a note`(_ index: Int) {
        let its = Self.asked[index]
        #expect(Self.signs(its.change).judgement == .init(verdict: .clean, reasons: [], notes: its.texts))
    }

    @Test func `a short wait, and files read again in little time, are nobody's fault`() {
        let short = Self.signs {
            $0.usage.pressure = Self.stall(0.09, 0.049)
            $0.fileRefaults = 9
        }
        #expect(short.judgement?.verdict == .clean)
        // A thousandth of a long time is more than 50 ms.
        let long = Self.signs {
            $0.wallSeconds = 1000
            $0.usage.pressure = Self.stall(0.9, 0.9)
        }
        #expect(long.judgement?.verdict == .clean)
    }
}
