import Glibc

/// The memory that pools of this machine were given by name, by which one that was given none knows what is left.
///
/// Who names a budget is taken at their word, as who names CPUs is: nobody waits for memory, since what was promised to a
/// pool need not be in use. Where more is named than there is, the pool that comes last is told.
struct MemoryClaims {
    /// Those of other pools; not those around this one, which gave it its part.
    let others: [Claim]

    /// Reads the claims of a folder for a pool that works below `base`.
    init(in folder: ClaimFolder?, below base: String?) {
        // What cannot be read keeps no pool from its work: its own budget holds whatever others do.
        let claims = (try? folder?.claims()) ?? []
        self.init(claims, below: base)
    }

    init(_ claims: [Claim], below base: String?) {
        others = claims.filter { claim in
            guard claim.memory != nil else { return false }
            guard let theirs = claim.cgroup else { return true }
            // One within another's has its part of that.
            let outer = claims.contains { other in
                other.memory != nil && other.cgroup.map { $0 != theirs && theirs.hasPrefix($0 + "/") } ?? false
            }
            return !outer && !((base ?? "") + "/").hasPrefix(theirs + "/")
        }
    }

    /// What the others hold together.
    var sum: ByteSize {
        ByteSize(
            others.reduce(0) { sum, claim in
                let (bytes, isBeyond) = sum.addingReportingOverflow(claim.memory?.bytes ?? 0)
                return isBeyond ? .max : bytes
            })
    }

    /// What is said where a budget and those of the others are more than the machine has; nil where they are not.
    func warning(budget: ByteSize, total: ByteSize) -> String? {
        guard !others.isEmpty, sum.bytes > total.bytes - min(budget.bytes, total.bytes) else { return nil }
        let list = others.map(\.description).joined(separator: "; ")
        return "this pool's \(budget) and what others hold are more than this host's memory of \(total): \(list)"
    }
}
