import Testing

@testable import CGExec

@Suite struct StallSharesTests {
    private static func id(_ number: Int) -> AttemptID { AttemptID(job: JobID(number), number: 1) }
    private static func leaf(_ stalled: UInt64, _ limitHits: UInt64) -> StallShares.Figures {
        StallShares.Figures(stalled: stalled, limitHits: limitHits)
    }

    @Test func `what a leaf at its own limit stalls is not the pool's`() {
        var shares = StallShares(pool: 0)
        let isPools = shares.isPools(pool: 100, leaves: [Self.id(1): Self.leaf(90, 5), Self.id(2): Self.leaf(10, 0)])
        #expect(!isPools)
    }

    @Test func `what leaves below their limits stall is`() {
        var shares = StallShares(pool: 0)
        let isPools = shares.isPools(pool: 100, leaves: [Self.id(1): Self.leaf(60, 0), Self.id(2): Self.leaf(40, 3)])
        #expect(isPools)
    }

    @Test func `half of it is not most of it`() {
        var shares = StallShares(pool: 0)
        let isPools = shares.isPools(pool: 100, leaves: [Self.id(1): Self.leaf(50, 1), Self.id(2): Self.leaf(50, 0)])
        #expect(isPools)
    }

    @Test func `a leaf at its own limit does not hide one that stalls at the same time for the pool`() {
        var shares = StallShares(pool: 0)
        let isPools = shares.isPools(pool: 100, leaves: [Self.id(1): Self.leaf(100, 9), Self.id(2): Self.leaf(95, 0)])
        #expect(isPools)
    }

    @Test func `only what has grown since the last time counts`() {
        var shares = StallShares(pool: 1_000)
        let thrasher = Self.id(1)
        let first = shares.isPools(pool: 1_100, leaves: [thrasher: Self.leaf(100, 5)])
        let second = shares.isPools(pool: 1_200, leaves: [thrasher: Self.leaf(200, 5)])
        let third = shares.isPools(pool: 1_300, leaves: [thrasher: Self.leaf(300, 6)])
        #expect(!first && second && !third, "in the second time it did not reach its limit")
    }

    @Test func `a leaf that is gone counts once, for what it added`() {
        var shares = StallShares(pool: 0)
        let (gone, other) = (Self.id(1), Self.id(2))
        _ = shares.isPools(pool: 10, leaves: [gone: Self.leaf(10, 1)])
        shares.ended(gone, Self.leaf(90, 2))
        let first = shares.isPools(pool: 110, leaves: [other: Self.leaf(20, 0)])
        let second = shares.isPools(pool: 210, leaves: [other: Self.leaf(120, 0)])
        #expect(!first && second)
    }

    @Test func `without figures the pool's stall is the pool's`() {
        var shares = StallShares(pool: 0)
        let isPools = shares.isPools(pool: 100, leaves: [:])
        #expect(isPools)
    }
}
