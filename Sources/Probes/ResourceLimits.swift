import Glibc

/// The resource limits of this process, in the order and by the names of getrlimit(2), with the kernel's numbers
/// (include/uapi/asm-generic/resource.h).
enum ResourceLimits {
    private static let names = [
        "cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending",
        "msgqueue", "nice", "rtprio", "rttime",
    ]

    static func all() throws(Failure) -> [(String, JSON?)] {
        var limits: [(String, JSON?)] = []
        for (number, name) in names.enumerated() {
            var limit = rlimit()
            guard getrlimit(__rlimit_resource_t(number), &limit) == 0 else { throw .system("getrlimit", name) }
            limits.append((name, .object([("soft", value(limit.rlim_cur)), ("hard", value(limit.rlim_max))])))
        }
        return limits
    }

    private static func value(_ number: rlim_t) -> JSON {
        // The kernel says "unlimited" as all bits set.
        Int(exactly: number).map { .int($0) } ?? .string("unlimited")
    }
}
