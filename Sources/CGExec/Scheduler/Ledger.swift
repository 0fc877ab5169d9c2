/// Who holds which slot, which CPUs, and how much memory. The sum of what is held never exceeds what there is.
struct Ledger: Sendable {
    /// The CPUs and memory nodes of each slot; nil where slots are not bound.
    let slots: [Slot]
    /// The CPUs that jobs may own.
    let cpus: CPUSet
    /// The memory that may be reserved; nil when nothing limits it.
    let budget: ByteSize?

    private let bestFit: BestFit
    private var nodeMemory: NodeMemory
    /// The most memory that the nodes of any slot have.
    private let mostOfSlots: ByteSize?
    private(set) var freeSlots: [Bool]
    private(set) var freeSlotCount: Int
    private(set) var freeCPUs: CPUSet
    private(set) var reserved = ByteSize(0)
    /// What ended jobs have left behind, in a tmpfs or as shared memory: charged to the pool, and nobody's.
    var leftBehind = ByteSize(0)

    init(slots: [Slot], cpus: CPUSet, topology: Topology? = nil, budget: ByteSize?) {
        self.slots = slots
        self.cpus = cpus
        self.budget = budget
        bestFit = BestFit(topology, cpus: cpus)
        nodeMemory = NodeMemory(topology)
        mostOfSlots = Self.most(of: slots, nodeMemory)
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
        guard freeSlotCount > 0, fits(memory), let slot = freeSlots.firstIndex(of: true) else { return nil }
        if let cpuset = demand.cpuset {
            let grant = Grant(slot: slot, cpus: cpuset)
            return nodeMemory.fits(memory, on: demand.mems) ? grant : nil
        }
        if let count = demand.cpus { return grant(slot, ofCPUs: count, for: demand, memory) }
        if demand.ignoresAffinity { return nodeMemory.fits(memory, on: demand.mems) ? Grant(slot: slot) : nil }
        if !demand.pieces.isEmpty {
            return demand.pieces.lazy.compactMap { grant(slot, of: $0, for: demand, memory) }.first
        }
        // A slot may have lost CPUs to a job that owns more than its own slot has.
        return slots.indices.lazy.filter { freeSlots[$0] }
            .compactMap { grant($0, of: slots[$0], for: demand, memory) }.first
    }

    /// So many CPUs where they fit best, and where its memory is taken there on another node.
    private func grant(_ slot: Int, ofCPUs count: Int, for demand: Demand, _ memory: ByteSize?) -> Grant? {
        guard freeCPUs.count >= count else { return nil }
        for free in [freeCPUs] + bestFit.nodes.map(freeCPUs.intersection) {
            guard let choice = bestFit.choose(count, from: free, keepingCoresWhole: demand.leavesSiblingsIdle) else {
                continue
            }
            var mems = choice.mems
            // What needs more than its nearest nodes ever have is bound to none.
            if let memory, let most = mems.flatMap(nodeMemory.most), memory.bytes > most { mems = nil }
            guard nodeMemory.fits(memory, on: demand.mems ?? mems) else { continue }
            return Grant(slot: slot, cpus: choice.cpus, mems: mems, idle: choice.idle)
        }
        return nil
    }

    /// The most memory that a place of this demand can ever give; nil where memory nodes set no bound.
    func mostMemory(for demand: Demand) -> ByteSize? {
        if let mems = demand.mems { return nodeMemory.most(on: mems).map { ByteSize($0) } }
        if demand.cpuset != nil || demand.cpus != nil || demand.ignoresAffinity { return nil }
        return demand.pieces.isEmpty ? mostOfSlots : Self.most(of: demand.pieces, nodeMemory)
    }

    private static func most(of places: [Slot], _ memory: NodeMemory) -> ByteSize? {
        var most: UInt64 = 0
        for place in places {
            guard let there = place.mems.flatMap(memory.most) else { return nil }
            most = max(most, there)
        }
        return places.isEmpty ? nil : ByteSize(most)
    }

    /// The piece for this demand, where all that it would own is free.
    private func grant(_ slot: Int, of piece: Slot, for demand: Demand, _ memory: ByteSize?) -> Grant? {
        guard nodeMemory.fits(memory, on: demand.mems ?? piece.mems) else { return nil }
        guard let cpus = piece.cpus, var owned = piece.owned else { return Grant(slot: slot, mems: piece.mems) }
        if demand.leavesSiblingsIdle { owned = bestFit.wholeCores(of: owned) }
        guard owned.isSubset(of: freeCPUs) else { return nil }
        return Grant(slot: slot, cpus: cpus, mems: piece.mems, idle: owned.subtracting(cpus), piece: piece.name)
    }

    /// Reserves what was found by `place`.
    mutating func take(_ grant: Grant, for demand: Demand, reserving memory: ByteSize?) {
        freeSlots[grant.slot] = false
        freeSlotCount -= 1
        if let owned = owned(grant, by: demand) { freeCPUs = freeCPUs.subtracting(owned) }
        reserved.bytes += memory?.bytes ?? 0
        nodeMemory.take(memory, on: demand.mems ?? grant.mems)
    }

    /// Takes back what was taken.
    mutating func giveBack(_ grant: Grant, of demand: Demand, reserved memory: ByteSize?) {
        freeSlots[grant.slot] = true
        freeSlotCount += 1
        if let owned = owned(grant, by: demand) { freeCPUs = freeCPUs.union(owned) }
        reserved.bytes -= memory?.bytes ?? 0
        nodeMemory.giveBack(memory, on: demand.mems ?? grant.mems)
    }

    /// Changes how much of a running attempt counts as reserved.
    mutating func change(_ grant: Grant, of demand: Demand, from old: ByteSize?, to new: ByteSize?) {
        reserved.bytes = reserved.bytes - (old?.bytes ?? 0) + (new?.bytes ?? 0)
        nodeMemory.giveBack(old, on: demand.mems ?? grant.mems)
        nodeMemory.take(new, on: demand.mems ?? grant.mems)
    }

    /// The CPUs of a grant that nobody else gets meanwhile; those that a job named itself are shared.
    private func owned(_ grant: Grant, by demand: Demand) -> CPUSet? {
        demand.cpuset == nil ? grant.cpus?.union(grant.idle) : nil
    }
}
