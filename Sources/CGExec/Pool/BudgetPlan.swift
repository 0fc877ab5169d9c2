/// The memory that all jobs of a pool together may hold, and why so much.
package struct BudgetPlan: Sendable, Equatable {
    package var size: ByteSize
    /// The reasoning, for people.
    package var reason: String

    /// What was asked for, or else what there is less what the system needs itself; `limit` is the smallest `memory.max`
    /// above the pool.
    init(asked: MemoryAmount?, total: ByteSize, limit: ByteSize?) {
        let there = min(total, limit ?? total)
        let place = there < total ? "memory.max above this pool, \(there)" : "this host's memory"
        switch asked {
        case .size(let size):
            self.size = size
            reason = "as asked"
        case .fraction(let fraction):
            size = asked?.resolved(of: there) ?? there
            reason = "\(percentage(fraction)) of \(place)" + (there < total ? "" : ", \(there)")
        case nil:
            size = Host.usualBudget(total: total, limit: limit)
            reason = "\(place), less \(ByteSize(there.bytes - size.bytes)) for the system"
        }
    }
}
