import DequeModule

/// The jobs that could start, in the order in which they should: by priority, then by phase, then scouts, then by
/// submission.
struct Queue: Sendable {
    struct Rank: Sendable, Hashable, Comparable {
        var priority: Int
        /// 0, and one more each time a job was taken back.
        var phase: Int
        /// Whether others learn from it what they need.
        var isScout = false

        static func < (left: Rank, right: Rank) -> Bool {
            (right.priority, left.phase, left.isScout ? 0 : 1) < (left.priority, right.phase, right.isScout ? 0 : 1)
        }
    }

    struct Place: Sendable {
        var id: JobID
        /// The least memory that it takes: where there is less, nobody needs to look at it.
        var least: ByteSize
    }

    /// Never empty ones, in order. There are few ranks and many jobs, and most are added at an end.
    private var rows: [(rank: Rank, places: Deque<Place>)] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    var first: JobID? { rows.first?.places.first?.id }
    var last: JobID? { rows.last?.places.last?.id }

    mutating func insert(_ id: JobID, _ rank: Rank, least: ByteSize) {
        count += 1
        let place = Place(id: id, least: least)
        let row = Self.position(in: rows) { $0.rank < rank }
        guard row < rows.count, rows[row].rank == rank else { return rows.insert((rank, [place]), at: row) }
        if let last = rows[row].places.last, last.id < id { return rows[row].places.append(place) }
        rows[row].places.insert(place, at: Self.position(in: rows[row].places) { $0.id < id })
    }

    /// False when it was not there.
    @discardableResult
    mutating func remove(_ id: JobID, _ rank: Rank) -> Bool {
        let row = Self.position(in: rows) { $0.rank < rank }
        guard row < rows.count, rows[row].rank == rank else { return false }
        let place = Self.position(in: rows[row].places) { $0.id < id }
        guard place < rows[row].places.count, rows[row].places[place].id == id else { return false }
        rows[row].places.remove(at: place)
        if rows[row].places.isEmpty { rows.remove(at: row) }
        count -= 1
        return true
    }

    /// Those of the first jobs after the very first that take no more than this.
    func followers(_ most: Int, within memory: ByteSize?) -> [JobID] {
        var found: [JobID] = []
        var seen = -1
        for row in rows {
            for place in row.places {
                seen += 1
                if seen == 0 { continue }
                if seen > most { return found }
                if memory.map({ place.least <= $0 }) ?? true { found.append(place.id) }
            }
        }
        return found
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
