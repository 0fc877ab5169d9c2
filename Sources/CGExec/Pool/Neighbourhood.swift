/// Who ran beside whom, and what hardware they shared.
struct Neighbourhood {
    /// Of each CPU the core, the caches and the node that it is in, from the narrowest on.
    private let places: [(level: Topology.Level, pieces: [Int: Int])]
    private var running: [JobID: CPUSet] = [:]
    private var met: [JobID: [JobID: Topology.Level]] = [:]

    /// More than so many are not counted: who runs for hours among short jobs meets thousands.
    private static let most = 100

    init(_ topology: Topology) {
        let levels: [Topology.Level] = [.core, .l2, .l3, .numa]
        places = levels.map { level in
            var pieces: [Int: Int] = [:]
            for (index, piece) in topology.slotPieces(level).enumerated() {
                for cpu in piece.cpus.members { pieces[cpu] = index }
            }
            return (level, pieces)
        }
    }

    /// The narrowest piece of hardware that both use; nil when there is none below the machine.
    func shared(_ one: CPUSet, _ other: CPUSet) -> Topology.Level? {
        places.first { place in
            let mine = Set(one.members.compactMap { place.pieces[$0] })
            return other.members.contains { place.pieces[$0].map(mine.contains) ?? false }
        }?.level
    }

    mutating func started(_ id: JobID, on cpus: CPUSet) {
        for (other, theirs) in running {
            guard let level = shared(cpus, theirs) else { continue }
            note(other, level, of: id)
            note(id, level, of: other)
        }
        running[id] = cpus
    }

    private mutating func note(_ other: JobID, _ level: Topology.Level, of id: JobID) {
        guard met[id]?.count ?? 0 < Self.most else { return }
        met[id, default: [:]][other] = level
    }

    /// Gives whom it met.
    mutating func ended(_ id: JobID) -> [Record.Neighbour] {
        running[id] = nil
        return (met.removeValue(forKey: id) ?? [:]).sorted { $0.key < $1.key }
            .map { Record.Neighbour(id: $0.key, shared: $0.value) }
    }
}
