import CLinux
import Glibc
import SystemPackage

/// Plain facts about this machine, read when asked for.
package enum Host {
    /// The CPUs that this process may use.
    package static func allowedCPUs() -> CPUSet {
        var mask = [UInt](repeating: 0, count: 1024)  // the kernel refuses a mask smaller than its own
        let bytes = cgx_get_affinity(&mask, mask.count * MemoryLayout<UInt>.size)
        guard bytes > 0 else { return CPUSet([0]) }
        return CPUSet((0..<Int(bytes) * 8).filter { mask[$0 / 64] >> UInt($0 % 64) & 1 == 1 })
    }

    /// Keeps the calling thread, and those that it starts from now on, to these CPUs. False when the kernel refuses.
    @discardableResult
    static func useOnly(_ cpus: CPUSet) -> Bool {
        let mask = cpus.words.map { UInt($0) }
        return cgx_set_affinity(mask, mask.count * MemoryLayout<UInt>.size) == 0
    }

    /// All memory of the machine.
    static func totalMemory(meminfo: String? = readFile("/proc/meminfo")) -> ByteSize? {
        let line = meminfo?.split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { ByteSize($0 * 1024) }
    }

    /// The smallest `memory.max` of a cgroup and of those above it.
    static func memoryLimit(above cgroup: String, mount: CgroupMount) -> ByteSize? {
        var path = cgroup
        var smallest: UInt64?
        while path.hasPrefix(mount.path), path != mount.path {
            if let limit = SingleValue(readFile(path + "/memory.max"))?.number {
                smallest = min(limit, smallest ?? limit)
            }
            path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        }
        return smallest.map { ByteSize($0) }
    }

    /// The memory that a pool may give away when none is named: what there is, less what the system needs itself.
    static func usualBudget(total: ByteSize, limit: ByteSize?) -> ByteSize {
        let there = min(total, limit ?? total)
        // A twentieth, and at least 1 GiB where that leaves anything: a host without it swaps or kills by itself.
        let kept = max(there.bytes / 20, min(1 << 30, there.bytes / 2))
        return ByteSize(there.bytes - kept)
    }

    /// The name of the program that this process runs.
    static func programName() -> String {
        let path = readFile("/proc/self/cmdline")?.split(separator: "\0").first ?? ""
        return path.split(separator: "/").last.map(String.init) ?? "?"
    }

    /// This host's name.
    package static func name() -> String {
        var facts = utsname()
        uname(&facts)
        return withUnsafeBytes(of: &facts.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The kernel's release, such as `6.12.9-amd64`.
    package static func kernelRelease() -> String {
        var facts = utsname()
        uname(&facts)
        return withUnsafeBytes(of: &facts.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The kind of host, as far as it makes a difference to how much memory programs need: the architecture, the kernel
    /// (its own part of a job's memory is counted too, each version in its way) and the CPUs that this process may use
    /// (programs start as many threads, and the C library makes eight heaps for each). Such as `x86_64-6.12-16`.
    package static func kind() -> String {
        var facts = utsname()
        uname(&facts)
        let machine = withUnsafeBytes(of: &facts.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let release = kernelRelease()
        let parts = release.split(separator: ".", maxSplits: 2)
        let version = parts.count < 2 ? release : "\(parts[0]).\(parts[1])"
        return "\(machine)-\(version)-\(allowedCPUs().count)"
    }

    /// The environment of this process, as it is.
    static func rawEnvironment() -> [[UInt8]] {
        var entries: [[UInt8]] = []
        var next = environ
        while let entry = next.pointee {
            entries.append(Array(UnsafeBufferPointer(start: entry, count: strlen(entry))).map(UInt8.init(bitPattern:)))
            next += 1
        }
        return entries
    }

    /// The environment of this process.
    package static func environment() -> [String: String] {
        var values: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let separator = text.firstIndex(of: "=") {
                values[String(text[..<separator])] = String(text[text.index(after: separator)...])
            }
            next += 1
        }
        return values
    }
}
