/// One way to run jobs.
struct Contestant {
    var name: String
    /// How many jobs it runs each time it is its turn.
    var batch: Int
    /// Runs so many jobs.
    var run: (Int) async throws -> Void
}

/// Measures several contestants in turn, A B C A B C …, so that whatever else the machine does falls on all of them
/// alike. One round before those that count warms the caches.
func compete(_ contestants: [Contestant], rounds: Int) async throws -> [Samples] {
    var samples = contestants.map { _ in Samples() }
    for round in 0...rounds {
        for (index, contestant) in contestants.enumerated() {
            let began = monotonicSeconds()
            try await contestant.run(contestant.batch)
            let seconds = monotonicSeconds() - began
            if round > 0 { samples[index].add(seconds / Double(contestant.batch)) }
        }
    }
    return samples
}

extension Samples {
    /// The same in another unit.
    func times(_ factor: Double) -> Samples { Samples(values.map { $0 * factor }) }
}
