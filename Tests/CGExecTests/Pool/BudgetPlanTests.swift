import Testing

@testable import CGExec

@Suite struct BudgetPlanTests {
    @Test(
        arguments: [
            (nil, nil, 95, "this host's memory, less 5 GiB for the system"),
            (nil, 40, 38, "memory.max above this pool, 40 GiB, less 2 GiB for the system"),
            (nil, 400, 95, "this host's memory, less 5 GiB for the system"),
            (.gib(7), 40, 7, "as asked"),
            (.fraction(0.5), nil, 50, "50% of this host's memory, 100 GiB"),
            (.fraction(0.5), 40, 20, "50% of memory.max above this pool, 40 GiB"),
        ] as [(MemoryAmount?, UInt64?, UInt64, String)])
    func `how much, and why`(asked: MemoryAmount?, limit: UInt64?, size: UInt64, reason: String) {
        let plan = BudgetPlan(asked: asked, total: .gib(100), limit: limit.map { .gib($0) })
        #expect(plan.size == .gib(size) && plan.reason == reason, "\(plan)")
    }
}
