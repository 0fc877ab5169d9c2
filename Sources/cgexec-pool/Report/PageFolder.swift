import FoundationEssentials

/// The folder that a page will be in, from which its links go.
enum PageFolder {
    /// The absolute path; nil for standard output.
    static func of(_ path: String) -> String? {
        path == "-" ? nil : URL(filePath: path).standardizedFileURL.deletingLastPathComponent().path
    }
}
