/// The piece of the machine that an attempt owns while it runs.
package struct Slot: Sendable, Hashable {
    /// The CPUs it may use; nil where the slot is not bound to CPUs.
    package var cpus: CPUSet?
    /// Nil where it is not bound to memory nodes.
    package var mems: CPUSet?
    /// CPUs that nobody uses meanwhile, so that these caches are the attempt's own.
    package var idle = CPUSet()
    /// The piece's name in hwloc's way, such as `l3:2`, and what of it may be used where that is not all.
    package var name: String?

    /// All CPUs that nobody else may use; nil where the slot is not bound.
    package var owned: CPUSet? { idle.isEmpty ? cpus : cpus?.union(idle) }

    /// Creates a slot; without CPUs it is bound to nothing.
    package init(cpus: CPUSet? = nil, mems: CPUSet? = nil, idle: CPUSet = CPUSet(), name: String? = nil) {
        self.cpus = cpus
        self.mems = mems
        self.idle = idle
        self.name = name
    }
}
