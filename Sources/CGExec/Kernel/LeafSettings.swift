import Glibc
import SystemPackage

/// Puts a leaf's limits in force and reads back what is: a limit that cannot be set, or does not read back as asked,
/// is an error, and the attempt does not start.
struct LeafSettings: Sendable {
    /// Control file → what it reads.
    private(set) var effective: [String: String] = [:]
    /// Word of the limit → what enforces it.
    private(set) var enforcement: [String: Enforcement] = [:]
    private(set) var placement: Record.Placement?

    /// What the leaf has.
    let controllers: Set<String>
    private let bestEffort: Bool
    /// Whether the host has swap; nil to find out when it matters.
    private let hasSwap: Bool?

    init(controllers: Set<String>, bestEffort: Bool, hasSwap: Bool? = nil) {
        self.controllers = controllers
        self.bestEffort = bestEffort
        self.hasSwap = hasSwap
    }

    /// Which controller each limit needs.
    static func controllersNeeded(_ plan: LeafPlan) -> [(limit: String, controller: String)] {
        var needed: [(String, String)] = []
        if plan.memory != nil { needed.append(("memory", "memory")) }
        if plan.swap != nil { needed.append(("swap", "memory")) }
        if plan.cpus != nil { needed.append(("cpus", "cpuset")) }
        if plan.mems != nil { needed.append(("mems", "cpuset")) }
        if plan.cpuQuota != nil { needed.append(("cpu-quota", "cpu")) }
        if plan.cpuWeight != nil { needed.append(("cpu-weight", "cpu")) }
        if plan.pids != nil { needed.append(("pids", "pids")) }
        if !plan.io.isEmpty { needed.append(("io", "io")) }
        if plan.thrash != nil { needed.append(("thrash", "memory")) }
        return needed
    }

    /// What enforces each limit where there is no leaf at all: the affinity, or nothing.
    static func withoutLeaf(_ plan: LeafPlan) -> [String: Enforcement] {
        let needed = controllersNeeded(plan).map { ($0.limit, $0.limit == "cpus" ? Enforcement.affinity : .none) }
        return Dictionary(needed) { first, _ in first }
    }

    /// Sets everything, in an order in which no step widens what an earlier one narrowed.
    mutating func apply(_ plan: LeafPlan, to leaf: borrowing Cgroup) throws(KernelError) {
        if let mems = plan.mems, isAvailable("mems", "cpuset") {
            try set(mems.description, "cpuset.mems", of: "mems", in: leaf)
            try expect(mems.description, "cpuset.mems.effective", in: leaf)
        }
        if let cpus = plan.cpus {
            if isAvailable("cpus", "cpuset", otherwise: .affinity) {
                try set(cpus.description, "cpuset.cpus", of: "cpus", in: leaf)
                // What was written is only a wish; where none of it can be granted, the kernel grants everything.
                try expect(cpus.description, "cpuset.cpus.effective", in: leaf)
            }
        }
        // CPUs hold by affinity, too; memory nodes only here.
        let mems = controllers.contains("cpuset") ? plan.mems : nil
        if plan.cpus != nil || mems != nil { placement = Record.Placement(cpus: plan.cpus, mems: mems) }
        if plan.memory != nil || plan.swap != nil, isAvailable("swap", "memory", isImplied: plan.swap == nil) {
            try setSwap(plan.swap ?? ByteSize(0), isImplied: plan.swap == nil, in: leaf)
        }
        if controllers.contains("memory") {
            // The whole tree dies or none of it: a half-killed job reports nonsense.
            try set("1", "memory.oom.group", of: nil, in: leaf)
            try expect("1", "memory.oom.group", in: leaf)
        }
        if let memory = plan.memory, isAvailable("memory", "memory") { try setMemory(memory, in: leaf) }
        if let pids = plan.pids, isAvailable("pids", "pids") {
            try set("\(pids)", "pids.max", of: "pids", in: leaf)
            try expect("\(pids)", "pids.max", in: leaf)
        }
        if let quota = plan.cpuQuota, isAvailable("cpu-quota", "cpu") {
            let value = "\(Int((quota * 100_000).rounded())) 100000"  // µs of CPU time in each 100 ms
            try set(value, "cpu.max", of: "cpu-quota", in: leaf)
            try expect(value, "cpu.max", in: leaf)
        }
        if let weight = plan.cpuWeight, isAvailable("cpu-weight", "cpu") {
            try set("\(weight)", "cpu.weight", of: "cpu-weight", in: leaf)
            try expect("\(weight)", "cpu.weight", in: leaf)
        }
        for limit in plan.io where isAvailable("io", "io") { try setIO(limit, in: leaf) }
    }

    /// Limits the memory, and nothing else.
    mutating func setMemory(_ memory: ByteSize, in leaf: borrowing Cgroup) throws(KernelError) {
        try set("\(memory.bytes)", "memory.max", of: "memory", in: leaf)
        let page = UInt64(getpagesize())
        try expect("\(memory.bytes / page * page)", "memory.max", in: leaf)  // the kernel counts in pages
    }

    /// Whether the controller is there; notes in `enforcement` what does its work otherwise.
    private mutating func isAvailable(
        _ limit: String, _ controller: String, otherwise: Enforcement = .none, isImplied: Bool = false
    ) -> Bool {
        let available = controllers.contains(controller)
        if !available && !isImplied { enforcement[limit] = otherwise }
        // Without best effort, the write that follows fails and says which file is missing.
        return available || !bestEffort
    }

    private mutating func set(
        _ value: String, _ file: String, of limit: String?, in leaf: borrowing Cgroup
    ) throws(KernelError) {
        do throws(KernelError) {
            try leaf.write(value, to: file)
        } catch {
            guard error.errno == ERANGE || error.errno == EINVAL, file.hasPrefix("cpuset") else { throw error }
            throw KernelError(
                .write, error.object, Errno(rawValue: error.errno), value: value, cure: Self.cpusetCure(leaf))
        }
        if let limit { enforcement[limit] = .cgroup }
    }

    private static func cpusetCure(_ leaf: borrowing Cgroup) -> String {
        "It may use CPUs \(leaf.parentValue("cpuset.cpus.effective")) and memory nodes"
            + " \(leaf.parentValue("cpuset.mems.effective"))"
    }

    private mutating func expect(_ value: String, _ file: String, in leaf: borrowing Cgroup) throws(KernelError) {
        let text = (try leaf.read(file) ?? "").filter { $0 != "\n" }
        effective[file] = text
        guard text == value else {
            throw KernelError(
                .verify, leaf.path + "/" + file, .invalidArgument, value: value,
                cure: "It reads '\(text)' instead: what was asked for is not available to this cgroup"
                    + (file.hasPrefix("cpuset") ? ". " + Self.cpusetCure(leaf) : ""))
        }
    }

    private mutating func setSwap(
        _ swap: ByteSize, isImplied: Bool, in leaf: borrowing Cgroup
    ) throws(KernelError) {
        // Without swap accounting the file is missing; that is only harmless where there is no swap to use.
        if !leaf.has("memory.swap.max") {
            if !(hasSwap ?? Self.hostHasSwap()) {
                if !isImplied { enforcement["swap"] = .cgroup }  // there is none: the limit holds by itself
                return
            }
            if bestEffort {
                enforcement["swap"] = Enforcement.none
                return
            }
        }
        try set("\(swap.bytes)", "memory.swap.max", of: isImplied ? nil : "swap", in: leaf)
        let page = UInt64(getpagesize())
        try expect("\(swap.bytes / page * page)", "memory.swap.max", in: leaf)
    }

    static func hostHasSwap(meminfo: String? = readFile("/proc/meminfo")) -> Bool {
        guard let line = meminfo?.split(separator: "\n").first(where: { $0.hasPrefix("SwapTotal:") }) else {
            return true
        }
        return line.split(separator: " ").dropFirst().first != "0"
    }

    private mutating func setIO(_ limit: IOLimit, in leaf: borrowing Cgroup) throws(KernelError) {
        let device = try Self.deviceNumbers(limit.device)
        // Only what this one asks for: the kernel keeps the other rates, which an earlier one may have set.
        let settings = limit.settings.compactMap { setting in setting.value.map { "\(setting.key)=\($0)" } }
            .joined(separator: " ")
        do throws(KernelError) {
            try set("\(device) \(settings)", "io.max", of: "io", in: leaf)
        } catch {
            guard error.errno == ENODEV else { throw error }
            throw KernelError(
                .write, error.object, Errno(rawValue: error.errno), value: error.value,
                cure: "\(limit.device) is not a whole disk: name the disk, not a partition")
        }
        let text = try leaf.read("io.max") ?? ""
        let lines = NestedKeyed(text)
        effective["io.max"] = text.split(separator: "\n").joined(separator: "; ")
        for (key, value) in limit.settings where value != nil && lines.number(device, key) != value {
            throw KernelError(
                .verify, leaf.path + "/io.max", .invalidArgument, value: "\(key)=\(value ?? 0)",
                cure: "It reads '\(lines.value(device, key) ?? "nothing")' instead")
        }
    }

    /// `8:0` for `/dev/sda`, as the kernel names block devices.
    static func deviceNumbers(_ device: String) throws(KernelError) -> String {
        guard device.hasPrefix("/") else { return device }
        var facts = stat()
        do throws(Errno) {
            try systemCall { stat(device, &facts) }
        } catch {
            throw KernelError(.open, device, error)
        }
        guard facts.st_mode & S_IFMT == S_IFBLK else {
            throw KernelError(
                .open, device, Errno(rawValue: ENOTBLK), cure: "Name a block device: 'lsblk -p' lists them")
        }
        // makedev(3) in the kernel's layout, which glibc's macros would unfold.
        let numbers = facts.st_rdev
        let major = (numbers >> 8 & 0xfff) | (numbers >> 32 & ~0xfff)
        let minor = (numbers & 0xff) | (numbers >> 12 & ~0xff)
        return "\(major):\(minor)"
    }
}

extension Cgroup {
    fileprivate func parentValue(_ file: String) -> String {
        (readFile(path + "/../" + file) ?? "unknown").filter { $0 != "\n" }
    }
}
