/// How many slots a pool gets, and why.
package struct SlotPlan: Sendable, Equatable {
    package var count: Int
    /// The reasoning, for people.
    package var reason: String

    /// Decides from the CPUs (or the pieces of the machine that slots are to be), and from the budget and the largest
    /// job's memory where those are known.
    init(
        _ wanted: SlotCount, cpus: Int, pieces: Int?, named pieceName: String = "pieces of the machine", widest: Int?,
        budget: ByteSize?, leastShare: ByteSize? = nil, largest: ByteSize?
    ) {
        let places = max(1, (pieces ?? cpus) / max(1, widest ?? 1))
        let unit = pieces != nil ? pieceName : widest.map { $0 > 1 ? "times \($0) CPUs" : "CPUs" } ?? "CPUs"
        switch wanted {
        case .count(let number):
            count = min(number, pieces ?? number)
            reason = count == number ? "as asked" : "\(number) asked, but there are only \(count) \(unit)"
        case .fraction(let fraction):
            count = Int(Double.minimum(Double(pieces ?? 1_000_000), Double.maximum(1, Double(places) * fraction)))
            reason = "\(percentage(fraction)) of \(places) \(unit)"
        case .allBut(let number):
            count = places - number
            reason = "\(places) \(unit) less \(number)"
        case .auto:
            count = places
            reason = "\(places) \(unit)"
            if let budget, let largest, largest.bytes > 0 {
                let fitting = max(1, Int(clamping: budget.bytes / largest.bytes))
                reason += "; \(fitting) × \(largest) fit in \(budget)"
                count = min(places, fitting)
            }
        }
        if let budget, let leastShare, leastShare.bytes > 0, case let shares = budget.bytes / leastShare.bytes,
            shares < UInt64(max(1, count))
        {
            count = Int(shares)
            reason += "; \(max(1, count)) × \(leastShare), the least share, fit in \(budget)"
        }
        count = max(1, count)
    }
}
