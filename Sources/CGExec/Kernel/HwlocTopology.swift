import CHwloc
import Glibc

/// The machine's shape, as hwloc knows it.
struct HwlocTopology: ~Copyable {
    private let topology: OpaquePointer

    private init(owning topology: OpaquePointer) { self.topology = topology }

    /// Reads this machine, or a synthetic description such as `pack:2 l3:1 core:4 pu:2`.
    static func read(synthetic: String? = nil) throws(HostUnfit) -> HwlocTopology {
        var handle: hwloc_topology_t?
        guard hwloc_topology_init(&handle) == 0, let handle else { throw failure("out of memory") }
        let topology = HwlocTopology(owning: handle)
        if let synthetic, hwloc_topology_set_synthetic(handle, synthetic) != 0 {
            throw failure("'\(synthetic)' is not a synthetic topology")
        }
        guard hwloc_topology_load(handle) == 0 else { throw failure(String(cString: strerror(errno))) }
        return topology
    }

    deinit { hwloc_topology_destroy(topology) }

    private static func failure(_ cause: String) -> HostUnfit {
        HostUnfit("--affinity", cause: "hwloc cannot read the topology: \(cause)", cure: "Check with: lstopo")
    }

    /// The pieces that slots of this kind are, with what of them lies in `allowed`; those with nothing left are skipped.
    func pieces(_ affinity: Affinity, allowed: CPUSet) throws(HostUnfit) -> [Slot] {
        let type: hwloc_obj_type_t
        switch affinity {
        case .none: return []
        case .thread: type = HWLOC_OBJ_PU
        case .core: type = HWLOC_OBJ_CORE
        case .l2: type = HWLOC_OBJ_L2CACHE
        case .l3: type = HWLOC_OBJ_L3CACHE
        case .numa: type = HWLOC_OBJ_NUMANODE
        }
        var slots: [Slot] = []
        for index in 0..<max(0, hwloc_get_nbobjs_by_type(topology, type)) {
            guard let object = hwloc_get_obj_by_type(topology, type, UInt32(index)) else { continue }
            let cpus = Self.set(object.pointee.cpuset).intersection(allowed)
            guard !cpus.isEmpty else { continue }
            slots.append(Slot(cpus: cpus, mems: affinity == .numa ? Self.set(object.pointee.nodeset) : nil))
        }
        guard !slots.isEmpty else {
            throw HostUnfit(
                "--affinity \(affinity.rawValue)", cause: "this machine shows no such piece",
                cure: "Choose another: 'lstopo' draws what there is")
        }
        return slots
    }

    private static func set(_ bitmap: hwloc_bitmap_t?) -> CPUSet {
        var set = CPUSet()
        guard let bitmap else { return set }
        var member = hwloc_bitmap_first(bitmap)
        while member >= 0 && member <= CPUSet.largest {
            set.insert(Int(member))
            member = hwloc_bitmap_next(bitmap, member)
        }
        return set
    }
}
