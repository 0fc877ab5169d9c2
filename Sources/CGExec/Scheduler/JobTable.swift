/// The jobs by their numbers. A dictionary of values this large would move all of them whenever it grows, and keep room
/// for twice as many.
struct JobTable: Sendable {
    private var rows: ContiguousArray<WaitingJob?> = []
    /// By the numbers of jobs. For each new type of key the run time looks once through all conformances of the program,
    /// and `exec`, which lives for milliseconds, waits for that.
    private var places: [Int: Int] = [:]
    private var freePlaces: [Int] = []

    var isEmpty: Bool { places.isEmpty }
    var count: Int { places.count }
    func contains(_ id: JobID) -> Bool { places[id.number] != nil }
    /// In the order of their submission.
    var ids: [JobID] { places.keys.sorted().map { JobID($0) } }

    subscript(id: JobID) -> WaitingJob? {
        get { places[id.number].flatMap { rows[$0] } }
        _modify {
            let place = self.place(of: id)
            defer { if rows[place] == nil { release(id, place) } }
            yield &rows[place]
        }
    }

    mutating func remove(_ id: JobID) -> WaitingJob? {
        guard let place = places[id.number] else { return nil }
        let job = rows[place].take()
        release(id, place)
        return job
    }

    private mutating func place(of id: JobID) -> Int {
        if let place = places[id.number] { return place }
        let place = freePlaces.popLast() ?? rows.count
        if place == rows.count { rows.append(nil) }
        places[id.number] = place
        return place
    }

    private mutating func release(_ id: JobID, _ place: Int) {
        places[id.number] = nil
        freePlaces.append(place)
        // An empty table gives everything back.
        if places.isEmpty { self = JobTable() }
    }
}
