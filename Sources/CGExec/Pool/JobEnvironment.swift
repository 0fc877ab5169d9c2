/// The environment that jobs start from, in the form that `execve` takes: made once for a pool, since it is the same for
/// every job but for a few entries.
struct JobEnvironment {
    /// In the order of their names, so that equal runs are equal.
    private let entries: [[UInt8]]
    private let places: [String: Int]

    init(_ values: [String: String]) {
        let names = values.keys.sorted()
        entries = names.map { Self.entry($0, values[$0] ?? "") }
        places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    }

    /// With a job's own entries, which win.
    func with(_ own: [String: String]) -> [[UInt8]] {
        var all = entries
        for (name, value) in own.sorted(by: { $0.key < $1.key }) {
            let entry = Self.entry(name, value)
            if let place = places[name] { all[place] = entry } else { all.append(entry) }
        }
        return all
    }

    private static func entry(_ name: String, _ value: String) -> [UInt8] { Array("\(name)=\(value)".utf8) }
}
