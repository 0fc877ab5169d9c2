/// What was learned in many runs: for each category, program and kind of host what jobs were seen to need.
package struct LearnedNeeds: Sendable, Equatable, Codable {
    /// The version of the form in which it is stored.
    package static let version = 1
    /// No more are kept: a program that is built anew many times a day would let them grow for ever.
    package static let most = 1000

    /// What is known of one program in one category on one kind of host.
    package struct Entry: Sendable, Equatable, Codable {
        /// Which jobs resemble each other.
        package var category: String
        /// Their program.
        package var program: ProgramVersion
        /// The kind of host that they ran on.
        package var host: String
        /// When something was learned for the last time.
        package var updated: Timestamp
        var history: MemoryHistory

        /// How many peaks are known.
        package var samples: Int { history.count }
        /// The most that any job was seen to need; nil when all that ran ended at their limits.
        package var highest: ByteSize? { history.count > 0 ? ByteSize(UInt64(history.highest)) : nil }
        /// The largest size that was seen; nil when no size is known.
        package var largestSize: Double? { history.largest > 0 ? history.largest : nil }
        /// What a job of the largest size would get that declares nothing.
        package var estimate: ByteSize? { MemoryModel.estimate(history, size: history.largest, declared: nil) }

        fileprivate var order: (String, String, String, String) { (category, program.path, program.digest, host) }
    }

    private var version = Self.version
    /// In the order of their categories and programs.
    package private(set) var entries: [Entry] = []

    /// Nothing is known.
    package init() {}

    /// What a pool on such a host starts with.
    func model(for host: String) -> MemoryModel {
        var model = MemoryModel()
        for entry in entries where entry.host == host {
            model.adopt(entry.history, category: entry.category, program: entry.program)
        }
        return model
    }

    /// What a job of the category would get there if it has the program of which was learned last, as the newest build;
    /// nil when there is none.
    func estimate(category: String, size: Double, declared: ByteSize?, on host: String) -> ByteSize? {
        entries.filter { $0.category == category && $0.host == host }.max { $0.updated < $1.updated }
            .flatMap { MemoryModel.estimate($0.history, size: size, declared: declared) }
    }

    /// Takes in what attempts on such a host showed. Those of which the program is not known are left out: nobody can
    /// tell whether the next run's program is the same.
    package mutating func learn(_ samples: [MemoryModel.Sample], on host: String, at now: Timestamp) {
        struct Key: Hashable {
            var category: String
            var digest: String
            var host: String
        }
        var places: [Key: Int] = [:]
        for (place, entry) in entries.enumerated() {
            places[Key(category: entry.category, digest: entry.program.digest, host: entry.host)] = place
        }
        for sample in samples {
            guard let program = sample.program else { continue }
            let key = Key(category: sample.category, digest: program.digest, host: host)
            let place = places[key] ?? entries.count
            if place == entries.count {
                places[key] = place
                entries.append(
                    Entry(
                        category: sample.category, program: program, host: host, updated: now,
                        history: MemoryHistory()))
            }
            entries[place].history.learn(sample)
            entries[place].program.path = program.path
            entries[place].updated = max(now, entries[place].updated)
        }
        if entries.count > Self.most {
            entries.sort { $0.updated == $1.updated ? $0.order < $1.order : $0.updated > $1.updated }
            entries.removeLast(entries.count - Self.most)
        }
        entries.sort { $0.order < $1.order }
    }

    /// Forgets a category.
    package mutating func forget(_ category: String) { entries.removeAll { $0.category == category } }

    /// What cannot have come about by learning; nil when all is well.
    var damage: String? {
        for (place, entry) in entries.enumerated() where !entry.history.isSound {
            return "entries[\(place)], of the category '\(entry.category)', cannot be"
        }
        return nil
    }
}
