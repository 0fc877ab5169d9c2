import Glibc

/// Other processes as `/proc` shows them.
package enum Processes {
    /// Whether it runs or sleeps. A zombie, which an idle init may leave for ever, does neither.
    package static func isAlive(_ pid: Int32) -> Bool {
        // "pid (name) state …"; the name may hold anything.
        let state = CgroupTree.text(of: "/proc/\(pid)/stat")?.split(separator: ")").last?.first { $0 != " " }
        return state != nil && state != "Z" && state != "X"
    }

    /// The children of a process, of all its threads.
    package static func children(of pid: Int32) -> [Int32] {
        guard let stream = opendir("/proc/\(pid)/task") else { return [] }
        defer { closedir(stream) }
        var children: [Int32] = []
        while let entry = readdir(stream) {
            let thread = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            children += CgroupTree.words(of: "/proc/\(pid)/task/\(thread)/children").compactMap { Int32($0) }
        }
        return children
    }

    /// The name it goes by.
    package static func name(_ pid: Int32) -> String? {
        CgroupTree.text(of: "/proc/\(pid)/comm").map { String($0.dropLast()) }
    }

    /// Waits until a process that is not our child is stopped, of which nobody tells but its state; false when it never is.
    package static func waitForStop(of pid: Int32) -> Bool {
        let deadline = Patience.Deadline()
        while deadline.milliseconds > 0 {
            let state = CgroupTree.text(of: "/proc/\(pid)/stat")?.split(separator: ")").last?.first { $0 != " " }
            if state == "T" { return true }
            poll(nil, 0, 1)
        }
        return false
    }

    /// Its resident memory, and its share of that which several have.
    package static func memory(of pid: Int32) -> (rss: UInt64, pss: UInt64)? {
        let lines = (CgroupTree.text(of: "/proc/\(pid)/smaps_rollup") ?? "").split(separator: "\n")
        func bytes(_ key: String) -> UInt64? {
            let words = lines.first { $0.hasPrefix(key + ":") }?.split(separator: " ")
            return words.flatMap { $0.count > 1 ? UInt64($0[1]) : nil }.map { $0 << 10 }
        }
        guard let rss = bytes("Rss"), let pss = bytes("Pss") else { return nil }
        return (rss, pss)
    }
}
