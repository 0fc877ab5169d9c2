import DequeModule

/// The jobs that could start, in the order in which they should: by priority, then by phase, then by submission.
struct Queue: Sendable {
    struct Rank: Sendable, Hashable, Comparable {
        var priority: Int
        /// 0, and one more each time a job was taken back.
        var phase: Int

        static func < (left: Rank, right: Rank) -> Bool {
            (right.priority, left.phase) < (left.priority, right.phase)
        }
    }

    /// Never empty ones, in order. There are few ranks and many jobs, and most are added at an end.
    private var rows: [(rank: Rank, ids: Deque<JobID>)] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    var first: JobID? { rows.first?.ids.first }

    mutating func insert(_ id: JobID, _ rank: Rank) {
        count += 1
        let row = Self.position(in: rows) { $0.rank < rank }
        guard row < rows.count, rows[row].rank == rank else { return rows.insert((rank, [id]), at: row) }
        if let last = rows[row].ids.last, last < id { return rows[row].ids.append(id) }
        rows[row].ids.insert(id, at: Self.position(in: rows[row].ids) { $0 < id })
    }

    /// False when it was not there.
    @discardableResult
    mutating func remove(_ id: JobID, _ rank: Rank) -> Bool {
        let row = Self.position(in: rows) { $0.rank < rank }
        guard row < rows.count, rows[row].rank == rank else { return false }
        let place = Self.position(in: rows[row].ids) { $0 < id }
        guard place < rows[row].ids.count, rows[row].ids[place] == id else { return false }
        rows[row].ids.remove(at: place)
        if rows[row].ids.isEmpty { rows.remove(at: row) }
        count -= 1
        return true
    }

    /// The first jobs after the very first.
    func followers(_ most: Int) -> [JobID] {
        var found: [JobID] = []
        found.reserveCapacity(most)
        for row in rows {
            for id in row.ids.prefix(most + 1 - found.count) { found.append(id) }
            if found.count > most { break }
        }
        return Array(found.dropFirst())
    }

    /// The index of the first element for which `isBefore` does not hold.
    private static func position<Row: RandomAccessCollection>(
        in row: Row, where isBefore: (Row.Element) -> Bool
    ) -> Int where Row.Index == Int {
        var (low, high) = (row.startIndex, row.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(row[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
