/// The memory that all jobs of a pool together may hold, and why so much.
package struct BudgetPlan: Sendable, Equatable {
    package var size: ByteSize
    /// The reasoning, for people.
    package var reason: String

    /// What was asked for, or else what there is less what the system needs itself and what other pools have named as
    /// theirs; `limit` is the smallest `memory.max` above the pool.
    init(asked: MemoryAmount?, total: ByteSize, limit: ByteSize?, promised: ByteSize = ByteSize(0)) {
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
            let usual = Host.usualBudget(total: total, limit: limit)
            reason = "\(place), less \(ByteSize(there.bytes - usual.bytes)) for the system"
            // What is limited from above is a part of the host: others take from the rest first.
            let most = Host.usualBudget(total: total, limit: nil).bytes
            let rest = ByteSize(most - min(promised.bytes, most))
            // Something must be left to begin with: the others need not have used what they named.
            size = min(usual, max(rest, ByteSize(usual.bytes / 20)))
            if size < usual { reason += " and \(promised) that other pools named as theirs" }
        }
    }
}
