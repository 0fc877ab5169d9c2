import CGExec
import Glibc
import SystemPackage

/// Writing a file that others may read at any time: they see what was there before, or all of the new text.
enum WholeFile {
    /// Writes the text; `-` is standard output.
    static func write(_ text: String, to file: String) throws(ReportError) {
        do {
            if file == "-" {
                try FileDescriptor.standardOutput.writeAll(text.utf8)
            } else if isOther(file) {
                // A device, a pipe: there is nothing to be replaced, and its name must stay.
                let descriptor = try FileDescriptor.open(FilePath(file), .writeOnly, options: [.closeOnExec])
                try descriptor.closeAfter { _ = try descriptor.writeAll(text.utf8) }
            } else {
                try replace(file, by: text)
            }
        } catch {
            throw ReportError(description: "cannot write to \(file == "-" ? "standard output" : file): \(error)")
        }
    }

    /// Whether it is there and no regular file.
    private static func isOther(_ file: String) -> Bool {
        var status = stat()
        return stat(file, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
    }

    private static func replace(_ file: String, by text: String) throws {
        // Without links, which are to stay.
        let path = LearnedFile(file).path
        let draft = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 16)).new"
        let descriptor = try FileDescriptor.open(
            FilePath(draft), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
        do {
            try descriptor.closeAfter {
                // Who may read it stays as it was.
                var status = stat()
                if stat(path, &status) == 0 { fchmod(descriptor.rawValue, status.st_mode & 0o777) }
                _ = try descriptor.writeAll(text.utf8)
            }
            guard rename(draft, path) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            unlink(draft)
            throw error
        }
    }
}
