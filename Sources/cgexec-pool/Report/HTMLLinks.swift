import FoundationEssentials

/// The addresses of files that jobs wrote, as a page may have them. They are of files only, however a path begins.
struct HTMLLinks {
    /// The absolute path of where the page will be, from which its links go; nil where that is not known.
    var folder: String?
    /// The absolute path of where the run was started, as far as one knows: records have relative paths as they were
    /// given.
    var start: String?

    init(folder: String?, start: String?) {
        self.folder = folder
        self.start = start
    }

    /// For a page at this path, `-` for standard output. Reports are made where runs are started.
    init(page: String) {
        folder = page == "-" ? nil : URL(filePath: page).standardizedFileURL.deletingLastPathComponent().path
        start = FileManager.default.currentDirectoryPath
    }

    /// The address of a file that a job with this working directory wrote.
    func address(of path: String, cwd: String? = nil) -> String {
        let path = [start, cwd, path].compactMap(\.self).reduce("") { base, next in
            base.isEmpty || next.hasPrefix("/") ? next : base + "/" + next
        }
        guard path.hasPrefix("/") else { return "./" + Self.encoded(path) }
        let target = Self.parts(path)
        let base = folder.map(Self.parts) ?? []
        let shared = zip(target, base).prefix { $0 == $1 }.count
        // Beyond a common folder a path from the page would only hide where the file is.
        guard shared > 0 else { return "file:///" + Self.encoded(target.joined(separator: "/")) }
        let steps = Array(repeating: "..", count: base.count - shared) + target.dropFirst(shared)
        return "./" + Self.encoded(steps.joined(separator: "/"))
    }

    private static func parts(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }

    /// Percent-encoded but for the unreserved characters of RFC 3986, 2.3, and slashes.
    private static func encoded(_ path: String) -> String {
        var result = ""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case _ where "-._~/".utf8.contains(byte): result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}
