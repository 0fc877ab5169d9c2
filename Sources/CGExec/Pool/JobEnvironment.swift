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

extension JobEnvironment {
    /// Libraries that start a thread for each CPU of the machine, unless one of these says otherwise: OpenMP, OpenBLAS,
    /// Intel's MKL, BLIS, NumExpr, Julia, Rayon and Go.
    private static let threadVariables = [
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS",
        "JULIA_NUM_THREADS", "RAYON_NUM_THREADS", "GOMAXPROCS",
    ]

    /// What a program can learn about itself from its environment.
    static func announcements(
        _ job: Job, _ id: AttemptID, _ grant: Grant, threads: Bool
    ) -> [String: String] {
        var values = [
            "CGEXEC_ID": "\(id.job)", "CGEXEC_NAME": job.name, "CGEXEC_ATTEMPT": "\(id.number)",
            "CGEXEC_SLOT": "\(grant.slot)",
        ]
        values["CGEXEC_MEMORY"] = grant.memory.map { "\($0.bytes)" }
        values["CGEXEC_CPUS"] = grant.cpus?.description
        if threads, let cpus = grant.cpus {
            for name in threadVariables { values[name] = "\(cpus.count)" }
        }
        return values
    }
}
