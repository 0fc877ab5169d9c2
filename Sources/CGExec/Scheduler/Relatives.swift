/// The jobs of one category that chains may reach: those with a size. They are found by how heavy they are, so that a
/// chain looks at no others, however many wait.
struct Relatives: Sendable {
    private var bySize = Ranking()
    private var byWeight = Ranking()

    mutating func add(_ id: JobID, size: Double, weight: Double, _ jobs: JobTable) {
        bySize.add(id, size, jobs)
        byWeight.add(id, weight, jobs)
    }

    /// Those that are not done and at least so large, in the order of their submission.
    mutating func ofSize(_ least: Double, _ jobs: JobTable) -> [JobID] { bySize.from(least, jobs) }

    /// Those that are not done and whose size times slowdown is at least so much, in the order of their submission.
    mutating func ofWeight(_ least: Double, _ jobs: JobTable) -> [JobID] { byWeight.from(least, jobs) }

    /// Jobs by a measure. It is put in order when somebody asks, not for each job that comes: many come between two
    /// questions.
    private struct Ranking: Sendable {
        private var entries: [(measure: Double, id: JobID)] = []
        private var isSorted = true
        /// How many there may be before those that are done are looked for; as many again as were left the last time, so
        /// that each look costs little for each job added.
        private var most = 64

        mutating func add(_ id: JobID, _ measure: Double, _ jobs: JobTable) {
            isSorted = isSorted && measure >= entries.last?.measure ?? measure
            entries.append((measure, id))
            if entries.count > most { tidy(jobs) }
        }

        private mutating func tidy(_ jobs: JobTable) {
            entries.removeAll { !jobs.contains($0.id) }
            most = max(64, entries.count * 2)
        }

        mutating func from(_ least: Double, _ jobs: JobTable) -> [JobID] {
            if !isSorted {
                entries.sort { $0.measure < $1.measure }
                isSorted = true
            }
            let first = entries.partitioningIndex { $0.measure >= least }
            let reached = entries[first...].filter { jobs.contains($0.id) }
            entries.replaceSubrange(first..., with: reached)
            return reached.map(\.id).sorted()
        }
    }
}

extension Array {
    /// The first index whose element is as asked, where all from there on are.
    fileprivate func partitioningIndex(where isBeyond: (Element) -> Bool) -> Int {
        var range = indices
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = isBeyond(self[middle]) ? range.lowerBound..<middle : middle + 1..<range.upperBound
        }
        return range.lowerBound
    }
}
