/// The parts of a path that placeholders can name: `{x.dir} {x.name} {x.stem} {x.ext}`.
struct FilePathParts {
    /// The directory; `.` when the path has none, so that `{x.dir}/{x.name}` is always the same file.
    let directory: String
    /// The last component.
    let name: String
    /// The name without its last extension.
    let stem: String
    /// The last extension without its dot; empty when there is none.
    let fileExtension: String

    init(_ path: String) {
        let bytes = path.utf8
        let slash = UInt8(ascii: "/")
        let end = bytes.lastIndex { $0 != slash }.map { bytes.index(after: $0) } ?? bytes.startIndex
        let trimmed = path[..<end]
        let start = trimmed.utf8.lastIndex(of: slash).map { trimmed.utf8.index(after: $0) } ?? trimmed.startIndex
        let name = trimmed[start...]
        self.name = String(name)

        let head = trimmed[..<start]
        if head.isEmpty {
            directory = trimmed.isEmpty && !path.isEmpty ? "/" : "."
        } else {
            let stop = head.utf8.lastIndex { $0 != slash }.map { head.utf8.index(after: $0) }
            directory = stop.map { String(head[..<$0]) } ?? "/"
        }

        // A dot in front makes a file hidden, not a file without a stem.
        if let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")),
            !name.utf8[..<dot].allSatisfy({ $0 == UInt8(ascii: ".") })
        {
            stem = String(name[..<dot])
            fileExtension = String(name[name.utf8.index(after: dot)...])
        } else {
            stem = String(name)
            fileExtension = ""
        }
    }
}
