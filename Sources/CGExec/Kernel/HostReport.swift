import CCap
import CLinux
import CSeccomp
import Glibc

/// What this host can enforce, and for each missing thing the cause and the cure.
public struct HostReport: Sendable, Codable {
    /// One thing a pool would like to have.
    public struct Finding: Sendable, Codable, Hashable {
        /// What it is, such as `memory`.
        public var name: String
        /// Whether it is there.
        public var isAvailable: Bool
        /// What it is good for.
        public var purpose: String
        /// What was found.
        public var detail: String
        /// What to do where it is missing.
        public var cure: String?
    }

    /// The kernel's release.
    public var kernel: String
    /// This host's name.
    public var host: String
    /// Where pools would work; nil where they cannot.
    public var cgroup: String?
    /// The CPUs that jobs may use.
    public var cpus: CPUSet
    /// The memory that a pool gives away unless told otherwise.
    public var budgetBytes: UInt64?
    /// Capabilities in force, by name.
    public var capabilities: [String]
    /// Everything that was looked at.
    public var findings: [Finding]

    /// What may make one measurement differ from the next.
    public var noise: HostNoise

    /// Whether every limit can be enforced.
    public var isComplete: Bool { findings.allSatisfy(\.isAvailable) }

    /// Looks at this host; makes a cgroup for a moment and removes it.
    public static func now(cgroup: String? = nil) -> HostReport {
        let location = Location.find(requested: cgroup)
        var report = HostReport(
            kernel: Host.kernelRelease(), host: Host.name(), cgroup: nil, cpus: Host.allowedCPUs(), budgetBytes: nil,
            capabilities: capabilities(), findings: [], noise: HostNoise.now(on: Host.allowedCPUs()))
        switch location {
        case .subtree(let subtree): report.examine(subtree)
        case .scope(let isRoot):
            let command = Location.scopeCommand(isRoot: isRoot, ["cgexec-pool", "doctor"]).joined(separator: " ")
            report.add("cgroup", true, "a place in the tree", "a scope of systemd's, made for each run")
            report.add("controllers", false, "limits", "not looked at from here", cure: "Run: \(command)")
        case .nowhere(let reason):
            for reason in reason.reasons {
                report.add("cgroup", false, "a place in the tree", reason.cause, cure: reason.cure)
            }
        }
        report.examineHost()
        return report
    }

    private mutating func add(
        _ name: String, _ isAvailable: Bool, _ purpose: String, _ detail: String, cure: String? = nil
    ) {
        findings.append(
            Finding(
                name: name, isAvailable: isAvailable, purpose: purpose, detail: detail, cure: isAvailable ? nil : cure))
    }

    private static let purposes = [
        "cpuset": "--cpus, --cpuset, --mems, --affinity", "cpu": "--cpu-quota, --cpu-weight",
        "memory": "--memory, --swap, --budget, peak memory", "pids": "--pids", "io": "--io, I/O figures",
    ]

    private mutating func examine(_ subtree: Subtree) {
        let place: Workplace
        do throws(KernelError) {
            place = try Workplace(in: subtree, budget: nil, bestEffort: true)
        } catch {
            return add("cgroup", false, "a place in the tree", error.failure, cure: error.cure)
        }
        defer { place.close() }
        cgroup = subtree.base
        add("cgroup", true, "a place in the tree", subtree.base)
        for controller in Controllers.wanted {
            let purpose = Self.purposes[controller] ?? ""
            if let reason = place.reason(missing: controller) {
                add(controller, false, purpose, reason.cause, cure: reason.cure)
            } else {
                add(controller, true, purpose, "the \(controller) controller is there")
            }
        }
        let newer = "A newer kernel has it"
        func file(_ name: String) -> Bool { access(subtree.base + "/" + place.name + "/" + name, F_OK) == 0 }
        add("kill", file("cgroup.kill"), "ending whole trees at once", "cgroup.kill, Linux 5.14 and later", cure: newer)
        add(
            "pressure", file("memory.pressure"), "pressure in records, --thrash, --mode packed",
            "pressure stall information",
            cure: "Boot with psi=1")
        if place.controllers.contains("memory") {
            add("memory.peak", file("memory.peak"), "peak memory", "memory.peak, Linux 5.19 and later", cure: newer)
            add(
                "swap accounting", file("memory.swap.max") || !LeafSettings.hostHasSwap(),
                "--swap, and a sound --memory",
                LeafSettings.hostHasSwap() ? "this host has swap" : "this host has no swap",
                cure: "Boot with swapaccount=1")
        }
        if let total = Host.totalMemory() {
            let limit = Host.memoryLimit(above: subtree.base, mount: subtree.mount)
            budgetBytes = Host.usualBudget(total: total, limit: limit).bytes
        }
    }

    private mutating func examineHost() {
        let level = seccomp_api_get()
        add(
            "seccomp", level > 0, "sandboxes", "libseccomp at API level \(level)",
            cure: "Use a kernel with CONFIG_SECCOMP_FILTER")
        let files = Self.openFileLimit()
        add(
            "open files", files >= 1024, "many jobs at once", "\(files) descriptors, about six for each running job",
            cure: "Raise it: ulimit -n 65536")
    }

    private static func openFileLimit() -> UInt64 {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(UInt32(cgx_rlimit_nofile)), &limit)
        return UInt64(limit.rlim_cur)
    }

    private static func capabilities() -> [String] {
        guard let state = cap_get_proc() else { return [] }
        defer { cap_free(UnsafeMutableRawPointer(state)) }
        return (0...cap_value_t(CAP_LAST_CAP)).compactMap { capability in
            var value = CAP_CLEAR
            guard cap_get_flag(state, capability, CAP_EFFECTIVE, &value) == 0, value == CAP_SET,
                let name = cap_to_name(capability)
            else { return nil }
            defer { cap_free(name) }
            return String(cString: name)
        }
    }
}
