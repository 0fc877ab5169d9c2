import Glibc

/// The files of `/proc/self`.
enum ProcSelf {
    static func read(_ name: String) throws(Failure) -> String {
        let path = "/proc/self/" + name
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system("open", path) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            if count > 0 { bytes += buffer[..<count] } else if errno != EINTR { throw .system("read", path) }
        }
    }

    /// The keys and values of `status`.
    static func status() throws(Failure) -> [String: String] {
        var values: [String: String] = [:]
        for line in try read("status").split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[String(line[..<colon])] = String(line[line.index(after: colon)...]).trimmed
        }
        return values
    }

    /// The path in the v2 hierarchy; nil where none is mounted.
    static func cgroup() throws(Failure) -> String? {
        try read("cgroup").split(separator: "\n").first { $0.hasPrefix("0::") }.map { String($0.dropFirst(3)) }
    }

    /// Number and target of every open descriptor, but for the one that lists them.
    static func descriptors() throws(Failure) -> [(Int, String)] {
        let path = "/proc/self/fd"
        guard let directory = opendir(path) else { throw .system("open", path) }
        defer { closedir(directory) }
        let own = Int(dirfd(directory))
        var found: [(Int, String)] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = Int(name), number != own, let target = link("\(path)/\(name)") {
                found.append((number, target))
            }
        }
        return found.sorted { $0.0 < $1.0 }
    }

    static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer[..<count].lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension String {
    /// Without the white space around it.
    var trimmed: String {
        let start = drop { $0.isWhitespace }
        let end = start.reversed().drop { $0.isWhitespace }
        return String(end.reversed())
    }
}
