/// Tells a stall that the pool's memory causes from one that leaves at their own limits cause: else one job that
/// thrashes within its limit would keep all others from starting for its whole life.
struct StallShares: Sendable {
    /// What a leaf has counted so far.
    struct Figures: Sendable, Hashable {
        /// Time stalled, in microseconds.
        var stalled: UInt64
        /// How often its own limit was reached.
        var limitHits: UInt64
    }

    private var pool: UInt64
    private var leaves: [AttemptID: Figures] = [:]
    /// What leaves that are gone have added since the last judgement.
    private var gone = Growth()

    private struct Growth {
        var atLimit: UInt64 = 0
        var others: UInt64 = 0
    }

    /// - Parameter pool: the time that the pool has stalled so far, in microseconds.
    init(pool: UInt64) { self.pool = pool }

    /// A leaf is about to go.
    mutating func ended(_ id: AttemptID, _ figures: Figures) {
        add(id, figures, to: &gone)
        leaves[id] = nil
    }

    /// Whether what has stalled since the last judgement is not mostly the doing of leaves at their own limits.
    mutating func isPools(pool now: UInt64, leaves figures: [AttemptID: Figures]) -> Bool {
        var growth = gone
        for (id, figure) in figures { add(id, figure, to: &growth) }
        let whole = now - min(now, pool)
        (pool, leaves, gone) = (now, figures, Growth())
        // Leaves stall at the same time: that one does for its own reasons does not clear the pool of the others.
        return growth.atLimit <= whole / 2 || growth.others > whole / 2
    }

    private func add(_ id: AttemptID, _ figures: Figures, to growth: inout Growth) {
        let before = leaves[id] ?? Figures(stalled: 0, limitHits: 0)
        let stalled = figures.stalled - min(figures.stalled, before.stalled)
        if figures.limitHits > before.limitHits { growth.atLimit += stalled } else { growth.others += stalled }
    }
}
