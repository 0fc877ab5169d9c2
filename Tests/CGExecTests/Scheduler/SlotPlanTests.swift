import Testing

@testable import CGExec

@Suite struct SlotPlanTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var wanted: SlotCount
        var cpus = 8
        var pieces: Int?
        var widest: Int?
        var budget: ByteSize?
        var largest: ByteSize?
        var count: Int
        var reason: String
        var testDescription: String { "\(wanted) → \(count), \(reason)" }
    }

    @Test(arguments: [
        Row(wanted: .auto, count: 8, reason: "8 CPUs"),
        Row(wanted: .auto, widest: 1, count: 8, reason: "8 CPUs"),
        Row(wanted: .auto, widest: 3, count: 2, reason: "2 times 3 CPUs"),
        Row(wanted: .auto, widest: 9, count: 1, reason: "1 times 9 CPUs"),
        Row(wanted: .auto, pieces: 4, count: 4, reason: "4 pieces of the machine"),
        Row(
            wanted: .auto, budget: .gib(10), largest: .gib(3), count: 3, reason: "8 CPUs; 3 × 3 GiB fit in 10 GiB"),
        Row(
            wanted: .auto, budget: .gib(100), largest: .gib(3), count: 8, reason: "8 CPUs; 33 × 3 GiB fit in 100 GiB"),
        Row(wanted: .auto, budget: .gib(1), largest: .gib(3), count: 1, reason: "8 CPUs; 1 × 3 GiB fit in 1 GiB"),
        Row(wanted: .auto, budget: .gib(1), count: 8, reason: "8 CPUs"),
        Row(wanted: .count(20), count: 20, reason: "as asked"),
        Row(wanted: .count(3), pieces: 4, count: 3, reason: "as asked"),
        Row(
            wanted: .count(20), pieces: 4, count: 4, reason: "20 asked, but there are only 4 pieces of the machine"),
        Row(wanted: .fraction(0.5), count: 4, reason: "50% of 8 CPUs"),
        Row(wanted: .fraction(0.01), count: 1, reason: "1% of 8 CPUs"),
        Row(wanted: .fraction(2), count: 16, reason: "200% of 8 CPUs"),
        Row(wanted: .fraction(2), pieces: 4, count: 4, reason: "200% of 4 pieces of the machine"),
        Row(wanted: .allBut(1), count: 7, reason: "8 CPUs less 1"),
        Row(wanted: .allBut(99), count: 1, reason: "8 CPUs less 99"),
    ])
    func `how many, and why`(_ row: Row) {
        let plan = SlotPlan(
            row.wanted, cpus: row.cpus, pieces: row.pieces, widest: row.widest, budget: row.budget,
            largest: row.largest)
        #expect(plan.count == row.count && plan.reason == row.reason)
    }

    @Test(arguments: [SlotCount.count(0), .count(-5), .fraction(0), .fraction(-1), .fraction(.nan), .allBut(8)])
    func `never none`(_ wanted: SlotCount) {
        #expect(SlotPlan(wanted, cpus: 8, pieces: nil, widest: nil, budget: nil, largest: nil).count == 1)
    }
}
