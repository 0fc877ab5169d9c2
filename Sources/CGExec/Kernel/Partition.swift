import SystemPackage

/// A cgroup as a partition of the machine's CPUs (cgroup-v2.rst, "Cpuset Interface Files").
enum Partition {
    /// The control file; it tells of a change by a priority event.
    static let file = "cpuset.cpus.partition"

    /// Takes `cpus` from all other cgroups, for this one and those below it.
    static func make(_ kind: CPUPartition, of cpus: CPUSet, in cgroup: borrowing Cgroup) throws(KernelError) {
        try cgroup.write(cpus.description, to: "cpuset.cpus")
        do throws(KernelError) {
            try cgroup.write(kind.rawValue, to: file)
        } catch {
            undo(in: cgroup)
            let cure =
                switch Errno(rawValue: error.errno) {
                case .permissionDenied, .notPermitted: "Only root can take CPUs from all others: run as root"
                case .invalidArgument where kind == .isolated: "'isolated' needs Linux 6.1 or later: 'root' needs less"
                case .noSuchFileOrDirectory: "The cpuset controller is missing: 'cgexec-pool doctor' says why"
                default: cure
                }
            throw KernelError(.write, error.object, Errno(rawValue: error.errno), value: kind.rawValue, cure: cure)
        }
        if let trouble = trouble(kind, in: cgroup) {
            undo(in: cgroup)
            throw KernelError(
                .verify, cgroup.path + "/" + file, .invalidArgument, value: kind.rawValue, cure: "\(trouble). \(cure)")
        }
    }

    /// Not half: what is not valid now may become so later, when nobody expects it.
    private static func undo(in cgroup: borrowing Cgroup) {
        try? cgroup.write("member", to: file)
        try? cgroup.write("\n", to: "cpuset.cpus")
    }

    private static let cure =
        "The cgroup above must be a partition itself, as the root of the tree is (--cgroup names another); it must keep"
        + " a CPU for its own processes (--reserve 1, or fewer --jobs); and no cgroup beside may name the same CPUs in"
        + " its cpuset.cpus"

    /// Why the partition is not in force; nil when it is. The kernel may take it back by itself, as when a CPU goes
    /// offline.
    static func trouble(_ kind: CPUPartition, in cgroup: borrowing Cgroup) -> String? {
        guard let state = cgroup.readIfPossible(file)?.filter({ $0 != "\n" }) else { return "\(file) cannot be read" }
        return state == kind.rawValue ? nil : "\(file) reads '\(state)'"
    }
}
