import Floor
import Glibc

/// A cgroup for the floor's leaves, made as the library makes its pool's, and what the floor does with each leaf.
final class FloorPool {
    private let base: Int32
    private let pool: Int32
    private let counters: [Int32]
    private let accounts: [String]
    private let program = Command(["/bin/true"])
    private let name = "cgexec-floor-\(getpid())"

    /// What the floor writes, and where it must read the same.
    struct Setting {
        var file: String
        var value: String
        var check: String?
    }

    /// What the library reads of a leaf, as far as this kernel has it.
    private static let wanted = [
        "cpu.stat", "memory.peak", "memory.swap.peak", "pids.peak", "memory.stat", "io.stat", "cpu.pressure",
        "memory.pressure", "io.pressure", "cgroup.stat.local", "memory.events", "memory.events.local", "pids.events",
    ]

    init(in path: String) throws {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        base = try checked(directory < 0 ? -errno : directory, path)
        pool = try checked(floor_make_directory(base, name), "\(path)/\(name)")
        for controller in (readText("\(path)/cgroup.controllers") ?? "").split(whereSeparator: \.isWhitespace)
        where ["cpuset", "cpu", "memory", "pids", "io"].contains(controller) {
            for parent in [base, pool] {
                try checked(floor_write(parent, "cgroup.subtree_control", "+\(controller)"), "+\(controller)")
            }
        }
        let leaf = try checked(floor_make_directory(pool, "look"), "a leaf")
        defer { close(leaf) }
        accounts = Self.wanted.filter { faccessat(leaf, $0, R_OK, 0) == 0 }
        unlinkat(pool, "look", AT_REMOVEDIR)
        // The library also keeps the counters of the cgroups above open; where the tests run there are none.
        let counter = openat(pool, "memory.events.local", O_RDONLY | O_CLOEXEC)
        counters = counter < 0 ? [] : [counter]
    }

    deinit {
        for counter in counters { close(counter) }
        close(pool)
        unlinkat(base, name, AT_REMOVEDIR)
        close(base)
    }

    /// How many files it reads of each leaf, without the kill-check.
    var accountCount: Int { accounts.count }

    /// A loop that runs so many jobs, each in a leaf with these settings.
    func runner(_ settings: [Setting] = []) -> (Int) throws -> Void {
        let texts = settings.map { (strdup($0.file), strdup($0.value), $0.check.flatMap { strdup($0) }) }
        let entries = texts.map { floor_setting(file: $0.0, value: $0.1, check: $0.2) }
        let names = accounts.map { UnsafePointer(strdup($0)) }
        return { [self] count in
            try entries.withUnsafeBufferPointer { entries in
                try names.withUnsafeBufferPointer { names in
                    try counters.withUnsafeBufferPointer { counters in
                        try program.withArguments { arguments in
                            var plan = floor_plan(
                                pool: pool, argv: arguments, settings: entries.baseAddress,
                                setting_count: entries.count, accounts: names.baseAddress, account_count: names.count,
                                counters: counters.baseAddress, counter_count: counters.count)
                            for _ in 0..<count { try checked(floor_job(&plan), "a job of the floor") }
                        }
                    }
                }
            }
        }
    }
}
