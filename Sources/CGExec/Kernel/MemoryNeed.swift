/// The memory of a cgroup that cannot be reclaimed: what it needs, in contrast to what it happens to use.
struct MemoryNeed: Sendable, Hashable {
    /// Anonymous memory, shared memory, what the kernel holds for it and cannot give up, and swap.
    var total: UInt64
    /// Files in memory (tmpfs) and shared memory: what stays when all processes are gone.
    var shared: UInt64

    /// Nil without the memory controller.
    init?(of cgroup: borrowing Cgroup) {
        guard let stat = cgroup.readIfPossible("memory.stat").map(FlatKeyed.init), let anon = stat["anon"],
            let shared = stat["shmem"]
        else { return nil }
        // `kernel` came with Linux 5.18; before, its parts are all there is.
        let kernel = stat["kernel"] ?? (stat["slab"] ?? 0) + (stat["kernel_stack"] ?? 0) + (stat["pagetables"] ?? 0)
        let swap = SingleValue(cgroup.readIfPossible("memory.swap.current"))?.number ?? 0
        self.shared = shared
        total = anon + shared + kernel - min(kernel, stat["slab_reclaimable"] ?? 0) + swap
    }
}
