/// The piece of the machine that an attempt owns while it runs.
struct Slot: Sendable, Hashable {
    /// Nil where the slot is not bound to CPUs.
    var cpus: CPUSet?
    /// Nil where it is not bound to memory nodes.
    var mems: CPUSet?
}
