import CHwloc
import Glibc

/// Reads the machine's shape by means of hwloc.
package enum HwlocTopology {
    /// Where the shape is read from.
    package enum Source: Sendable, Hashable {
        /// This machine.
        case host
        /// A description such as `pack:2 l3:1 core:4 pu:2`, as hwloc(7) has it.
        case synthetic(String)
        /// A file that `lstopo FILE.xml` wrote, perhaps on another machine.
        case xml(path: String)
    }

    /// Reads a shape. `allowed` and `allowedMems` are what may be used of it; all that hwloc finds allowed when nil.
    package static func read(
        _ source: Source = .host, allowed: CPUSet? = nil, allowedMems: CPUSet? = nil
    ) throws(HostUnfit) -> Topology {
        var handle: hwloc_topology_t?
        guard hwloc_topology_init(&handle) == 0, let handle else { throw failure("out of memory", .host) }
        defer { hwloc_topology_destroy(handle) }
        switch source {
        case .host: break
        case .synthetic(let text):
            guard hwloc_topology_set_synthetic(handle, text) == 0 else {
                throw failure("'\(text)' is not a synthetic topology", source)
            }
        case .xml(let path):
            guard hwloc_topology_set_xml(handle, path) == 0 else {
                throw failure("'\(path)': \(String(cString: strerror(errno)))", source)
            }
        }
        // With what is not allowed, too: only so can it be told that a cache is shared with others.
        hwloc_topology_set_flags(handle, UInt(HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED.rawValue))
        guard hwloc_topology_load(handle) == 0 else { throw failure(String(cString: strerror(errno)), source) }
        let hwlocAllowed = set(hwloc_topology_get_allowed_cpuset(handle))
        var found = Dictionary(uniqueKeysWithValues: Topology.Level.allCases.map { ($0, pieces($0, in: handle)) })
        // A description may say nothing of memory.
        if let nodes = found[.numa], nodes.allSatisfy({ $0.bytes?.bytes == 0 }) {
            found[.numa] = nodes.map { Topology.Piece(number: $0.number, cpus: $0.cpus, mems: $0.mems) }
        }
        return Topology(
            pieces: found,
            kinds: kinds(in: handle), allowed: allowed ?? hwlocAllowed,
            allowedMems: allowedMems ?? set(hwloc_topology_get_allowed_nodeset(handle)))
    }

    private static func failure(_ cause: String, _ source: Source) -> HostUnfit {
        switch source {
        case .host: HostUnfit("topology", cause: "hwloc cannot read it: \(cause)", cure: "Check with: lstopo")
        case .synthetic, .xml:
            HostUnfit("topology", cause: "hwloc cannot read it: \(cause)", cure: "hwloc(7) tells what it reads")
        }
    }

    private static func pieces(_ level: Topology.Level, in topology: hwloc_topology_t) -> [Topology.Piece] {
        let type = level.hwlocType
        return (0..<max(0, hwloc_get_nbobjs_by_type(topology, type))).compactMap { index in
            guard let object = hwloc_get_obj_by_type(topology, type, UInt32(index))?.pointee else { return nil }
            var bytes: ByteSize?
            switch level {
            case .numa: bytes = object.attr.map { ByteSize($0.pointee.numanode.local_memory) }
            case .l1, .l2, .l3: bytes = object.attr.map { ByteSize($0.pointee.cache.size) }
            case .package, .die, .core, .thread: break
            }
            return Topology.Piece(
                number: object.os_index == UInt32.max ? nil : Int(object.os_index), cpus: set(object.cpuset),
                mems: set(object.nodeset), bytes: bytes.flatMap { $0.bytes == 0 && level != .numa ? nil : $0 })
        }
    }

    private static func kinds(in topology: hwloc_topology_t) -> [Topology.CoreKind] {
        (0..<max(0, hwloc_cpukinds_get_nr(topology, 0))).compactMap { index in
            guard let cpus = hwloc_bitmap_alloc() else { return nil }
            defer { hwloc_bitmap_free(cpus) }
            var efficiency: Int32 = -1
            guard hwloc_cpukinds_get_info(topology, UInt32(index), cpus, &efficiency, nil, nil, 0) == 0,
                efficiency >= 0  // the kinds are known, but not which is faster
            else { return nil }
            return Topology.CoreKind(cpus: set(cpus), efficiency: Int(efficiency))
        }
    }

    private static func set(_ bitmap: hwloc_const_bitmap_t?) -> CPUSet {
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

extension Topology.Level {
    fileprivate var hwlocType: hwloc_obj_type_t {
        switch self {
        case .package: HWLOC_OBJ_PACKAGE
        case .die: HWLOC_OBJ_DIE
        case .numa: HWLOC_OBJ_NUMANODE
        case .l3: HWLOC_OBJ_L3CACHE
        case .l2: HWLOC_OBJ_L2CACHE
        case .l1: HWLOC_OBJ_L1CACHE
        case .core: HWLOC_OBJ_CORE
        case .thread: HWLOC_OBJ_PU
        }
    }
}
