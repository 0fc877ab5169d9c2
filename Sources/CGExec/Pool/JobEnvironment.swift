/// The environment that jobs start from, in the form that `execve` takes: made once for a pool, since it is the same for
/// every job but for a few entries. Bytes, not texts: a file name in it may be in any encoding.
struct JobEnvironment {
    /// In the order of their names, so that equal runs are equal.
    private let entries: [[UInt8]]
    private let places: [[UInt8]: Int]

    /// Takes the entries of a process, `NAME=value` each. Of several with one name the first counts, as for getenv(3).
    init(_ entries: [[UInt8]]) {
        let named = entries.compactMap { entry in Self.name(of: entry).map { (name: $0, entry: entry) } }
        let first = Dictionary(named.map { ($0.name, $0.entry) }) { first, _ in first }
        let sorted = first.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        self.entries = sorted.map(\.value)
        places = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1.key, $0) })
    }

    /// With a job's own entries, which win.
    func with(_ own: [String: String]) -> [[UInt8]] {
        var all = entries
        for (name, value) in own.sorted(by: { $0.key < $1.key }) {
            let entry = Array("\(name)=\(value)".utf8)
            if let place = places[Array(name.utf8)] { all[place] = entry } else { all.append(entry) }
        }
        return all
    }

    private static func name(of entry: [UInt8]) -> [UInt8]? {
        entry.firstIndex(of: UInt8(ascii: "=")).map { Array(entry[..<$0]) }
    }
}
