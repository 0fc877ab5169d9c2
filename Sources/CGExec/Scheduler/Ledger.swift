/// Who holds which slot, which CPUs, and how much memory. The sum of what is held never exceeds what there is.
struct Ledger: Sendable {
    /// The CPUs and memory nodes of each slot; nil where slots are not bound.
    let slots: [Slot]
    /// The CPUs that jobs may own.
    let cpus: CPUSet
    /// The memory that may be reserved; nil when nothing limits it.
    let budget: ByteSize?

    private(set) var freeSlots: [Bool]
    private(set) var freeSlotCount: Int
    private(set) var freeCPUs: CPUSet
    private(set) var reserved = ByteSize(0)
    /// What ended jobs have left behind, in a tmpfs or as shared memory: charged to the pool, and nobody's.
    var leftBehind = ByteSize(0)

    init(slots: [Slot], cpus: CPUSet, budget: ByteSize?) {
        self.slots = slots
        self.cpus = cpus
        self.budget = budget
        freeSlots = Array(repeating: true, count: slots.count)
        freeSlotCount = slots.count
        freeCPUs = cpus
    }

    /// What can still be reserved; nil when nothing limits it.
    var freeMemory: ByteSize? {
        budget.map { ByteSize($0.bytes - min($0.bytes, reserved.bytes + leftBehind.bytes)) }
    }

    /// Whether so much memory can be reserved now.
    func fits(_ memory: ByteSize?) -> Bool {
        guard let memory, let freeMemory else { return true }
        return memory <= freeMemory
    }

    /// Where `demand` could run now with so much memory; nil when it does not fit beside what is held.
    func place(_ demand: Demand, reserving memory: ByteSize?) -> Grant? {
        guard freeSlotCount > 0, fits(memory) else { return nil }
        return place(for: demand)
    }

    /// Reserves what was found by `place`.
    mutating func take(_ grant: Grant, for demand: Demand, reserving memory: ByteSize?) {
        freeSlots[grant.slot] = false
        freeSlotCount -= 1
        if let owned = owned(grant, by: demand) { freeCPUs = freeCPUs.subtracting(owned) }
        reserved.bytes += memory?.bytes ?? 0
    }

    /// Takes back what was taken.
    mutating func giveBack(_ grant: Grant, of demand: Demand, reserved memory: ByteSize?) {
        freeSlots[grant.slot] = true
        freeSlotCount += 1
        if let owned = owned(grant, by: demand) { freeCPUs = freeCPUs.union(owned) }
        reserved.bytes -= memory?.bytes ?? 0
    }

    /// Changes how much of a running attempt counts as reserved.
    mutating func change(from old: ByteSize?, to new: ByteSize?) {
        reserved.bytes = reserved.bytes - (old?.bytes ?? 0) + (new?.bytes ?? 0)
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
        if demand.ignoresAffinity { return free.first.map { Grant(slot: $0) } }
        // A slot may have lost CPUs to a job that owns more than its own slot has.
        return free.first { slots[$0].cpus?.isSubset(of: freeCPUs) ?? true }
            .map { Grant(slot: $0, cpus: slots[$0].cpus, mems: slots[$0].mems) }
    }

    /// The CPUs of a grant that nobody else gets meanwhile; those that a job named itself are shared.
    private func owned(_ grant: Grant, by demand: Demand) -> CPUSet? { demand.cpuset == nil ? grant.cpus : nil }
}
