import Glibc

/// A directory of a test's own, removed with everything in it when it goes out of scope. Everybody may enter and read.
package final class ScratchDirectory: Sendable {
    package let path: String

    package init(in parent: String = "/tmp") throws {
        var template = Array("\(parent)/cgexec-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Trouble.system("mkdtemp") }
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        chmod(path, 0o755)
    }

    deinit { Self.remove(path) }

    static func remove(_ path: String) {
        // A link is removed, never followed.
        if unlink(path) == 0 { return }
        for name in entries(of: path) { remove("\(path)/\(name)") }
        rmdir(path)
    }

    /// Removes what is in it.
    package func empty() {
        for name in entries(of: path) { Self.remove(file(name)) }
    }

    /// What is in it.
    package var names: [String] { entries(of: path).sorted() }

    /// The path of an entry.
    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file and gives its path.
    @discardableResult
    package func write(_ text: String, to name: String, mode: UInt32 = 0o644) throws -> String {
        let path = file(name)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Trouble.system("open \(path)") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else {
            throw Trouble.system("write \(path)")
        }
        chmod(path, mode)
        return path
    }
}

/// The text of a file; nil where it cannot be read.
package func contents(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        if count < 0 { return nil }
        bytes += buffer[..<count]
    }
}

/// Whether there is something at a path.
package func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// The entries of a directory, without "." and "..", in order.
package func entries(of path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}
