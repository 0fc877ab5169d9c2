import Glibc

/// The cgroup v2 tree as the tests see it: read and written without the code under test.
package enum CgroupTree {
    /// Where cgroup v2 is mounted; nil where it is not.
    package static let mount: String? = {
        let lines = (text(of: "/proc/self/mounts") ?? "").split(separator: "\n").map { $0.split(separator: " ") }
        return lines.last { $0.count > 2 && $0[2] == "cgroup2" }.map { String($0[1]) }
    }()

    /// The whole text of a file; nil when it cannot be read.
    package static func text(of path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return ferror(file) == 0 ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// The words of a file, none when it cannot be read.
    package static func words(of path: String) -> [String] {
        (text(of: path) ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
    }

    /// The number after `key` in a file of `key value` lines.
    package static func number(_ key: String, in path: String) -> UInt64? {
        let lines = (text(of: path) ?? "").split(separator: "\n").map { $0.split(separator: " ") }
        return lines.first { $0.count == 2 && $0[0] == key }.flatMap { UInt64($0[1]) }
    }

    /// Writes a control file with one system call; 0, or the error number.
    @discardableResult
    package static func write(_ text: String, to path: String) -> Int32 {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return errno }
        defer { close(file) }
        return Glibc.write(file, text, text.utf8.count) < 0 ? errno : 0
    }

    /// Makes every controller that `cgroup` has available to its children, one at a time, as far as the host allows.
    package static func enableControllers(in cgroup: String) {
        for controller in words(of: cgroup + "/cgroup.controllers") {
            write("+" + controller, to: cgroup + "/cgroup.subtree_control")
        }
    }

    /// The names of the cgroups directly below.
    package static func children(of cgroup: String) -> [String] {
        guard let stream = opendir(cgroup) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The processes of the cgroup and of all below it.
    package static func processes(below cgroup: String) -> [Int32] {
        words(of: cgroup + "/cgroup.procs").compactMap { Int32($0) }
            + children(of: cgroup).flatMap { processes(below: cgroup + "/" + $0) }
    }

    /// Waits until a cgroup has no live process, by its events; false when that does not come in time.
    package static func waitUntilEmpty(_ cgroup: String, seconds: Int32 = 60) -> Bool {
        let path = cgroup + "/cgroup.events"
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return true }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 256)
        while true {
            let count = pread(file, &buffer, buffer.count, 0)
            let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            if count < 0 || text.contains("populated 0") { return true }
            var change = pollfd(fd: file, events: Int16(POLLPRI), revents: 0)
            if poll(&change, 1, seconds * 1000) == 0 { return false }
        }
    }

    /// Removes a cgroup and those below it, deepest first; 0, or the error number of the first that stays.
    package static func remove(_ cgroup: String) -> Int32 {
        for child in children(of: cgroup) {
            let error = remove(cgroup + "/" + child)
            if error != 0 { return error }
        }
        return rmdir(cgroup) == 0 || errno == ENOENT ? 0 : errno
    }
}
