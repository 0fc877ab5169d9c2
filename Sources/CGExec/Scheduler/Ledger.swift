/// Who holds which slot, which CPUs, and how much memory. The sum of what is held never exceeds what there is.
struct Ledger: Sendable {
    /// The CPUs and memory nodes of each slot; nil where slots are not bound.
    let slots: [Slot]
    /// The CPUs that jobs may own.
    let cpus: CPUSet
    /// The memory that may be reserved; nil when nothing limits it.
    let budget: ByteSize?

    private(set) var freeSlots: [Bool]
    private(set) var freeCPUs: CPUSet
    private(set) var reserved = ByteSize(0)

    init(slots: [Slot], cpus: CPUSet, budget: ByteSize?) {
        self.slots = slots
        self.cpus = cpus
        self.budget = budget
        freeSlots = Array(repeating: true, count: slots.count)
        freeCPUs = cpus
    }

    /// Grants what `demand` needs, or nil when it does not fit beside what is held.
    ///
    /// A job without a memory limit gets an equal share of an enforced budget: only then does the sum of all limits
    /// stay within it, and no job can take another's memory.
    mutating func take(_ demand: Demand, sharing: Bool) -> Grant? {
        let memory = reservation(for: demand, sharing: sharing)
        if let budget, let memory, memory.bytes > budget.bytes - min(reserved.bytes, budget.bytes) { return nil }
        guard var grant = place(for: demand) else { return nil }
        freeSlots[grant.slot] = false
        if let owned = owned(grant, by: demand) { freeCPUs = freeCPUs.subtracting(owned) }
        grant.memory = demand.memory ?? (sharing ? memory : nil)
        grant.memoryIsShare = demand.memory == nil && grant.memory != nil
        reserved.bytes += memory?.bytes ?? 0
        return grant
    }

    /// Takes back what was granted for `demand`.
    mutating func giveBack(_ grant: Grant, of demand: Demand, sharing: Bool) {
        freeSlots[grant.slot] = true
        if let owned = owned(grant, by: demand) { freeCPUs = freeCPUs.union(owned) }
        reserved.bytes -= reservation(for: demand, sharing: sharing)?.bytes ?? 0
    }

    /// The first slot that can be had, with its CPUs.
    private func place(for demand: Demand) -> Grant? {
        let free = slots.indices.lazy.filter { freeSlots[$0] }
        if let cpuset = demand.cpuset { return free.first.map { Grant(slot: $0, cpus: cpuset) } }
        if let count = demand.cpus {
            guard let slot = free.first, freeCPUs.count >= count else { return nil }
            // Those of the slot first, so that what is near to each other stays together.
            let near = freeCPUs.intersection(slots[slot].cpus ?? CPUSet())
            let cpus = CPUSet((near.members + freeCPUs.subtracting(near).members).prefix(count))
            return Grant(slot: slot, cpus: cpus, mems: cpus.isSubset(of: near) ? slots[slot].mems : nil)
        }
        // A slot may have lost CPUs to a job that owns more than its own slot has.
        return free.first { slots[$0].cpus?.isSubset(of: freeCPUs) ?? true }
            .map { Grant(slot: $0, cpus: slots[$0].cpus, mems: slots[$0].mems) }
    }

    /// The CPUs of a grant that nobody else gets meanwhile; those that a job named itself are shared.
    private func owned(_ grant: Grant, by demand: Demand) -> CPUSet? { demand.cpuset == nil ? grant.cpus : nil }

    private func reservation(for demand: Demand, sharing: Bool) -> ByteSize? {
        if let memory = demand.memory ?? demand.need { return memory }
        guard sharing, let budget else { return nil }
        return ByteSize(budget.bytes / UInt64(max(1, slots.count)))
    }
}
