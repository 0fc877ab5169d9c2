/// The environment that jobs start from, in the form that `execve` takes: made once for a pool, since it is the same for
/// every job but for a few entries. Bytes, not texts: a file name in it may be in any encoding.
struct JobEnvironment {
    /// In the order of their names, so that equal runs are equal.
    private let entries: [(name: ArraySlice<UInt8>, entry: [UInt8])]

    /// Takes the entries of a process, `NAME=value` each. Of several with one name the first counts, as for getenv(3).
    init(_ entries: [[UInt8]]) {
        let named = entries.enumerated().compactMap { place, entry in
            Self.name(of: entry).map { (name: $0, place: place) }
        }
        let sorted = named.sorted {
            $0.name == $1.name ? $0.place < $1.place : $0.name.lexicographicallyPrecedes($1.name)
        }
        var last: ArraySlice<UInt8>?
        self.entries = sorted.compactMap { name, place in
            defer { last = name }
            return name == last ? nil : (name, entries[place])
        }
    }

    /// With a job's own entries, which win.
    func with(_ own: [String: String]) -> [[UInt8]] {
        var all = entries.map(\.entry)
        for (name, value) in own.sorted(by: { $0.key < $1.key }) {
            let entry = Array("\(name)=\(value)".utf8)
            let place = entries.firstIndex { $0.name.elementsEqual(name.utf8) }
            if let place { all[place] = entry } else { all.append(entry) }
        }
        return all
    }

    /// The entry of this name, `NAME=value`, with a job's own one in place of the pool's.
    func entry(_ name: String, with own: [String: String]) -> [UInt8]? {
        own[name].map { Array("\(name)=\($0)".utf8) }
            ?? entries.first { $0.name.elementsEqual(name.utf8) }?.entry
    }

    private static func name(of entry: [UInt8]) -> ArraySlice<UInt8>? {
        entry.firstIndex(of: UInt8(ascii: "=")).map { entry[..<$0] }
    }
}
