import Support
import Testing

@testable import CGExec

/// Shapes of machines, as hwloc(7) describes them. Where the kernel's numbers are not in hwloc's order they are listed.
enum Shapes {
    /// One package, one core, one thread: a small virtual machine.
    static let single = "pack:1 l3:1 l2:1 core:1 pu:1"
    /// A desktop of four cores without SMT.
    static let desktop = "pack:1 l3:1 l2:4 core:1 pu:1"
    /// The same with two threads a core, which the kernel numbers one after another.
    static let desktopSMT = "pack:1 l3:1 l2:4 core:1 pu:2"
    /// The same, where the kernel numbers the first threads of all cores, then the second ones.
    static let desktopCrossed = "pack:1 l3:1 l2:4 core:1 pu:2(indexes=0,4,1,5,2,6,3,7)"
    /// Two packages with a node each, 8 CPUs, numbered one after another: PyExPool's "seq".
    static let twoNodes = "pack:2 [numa] l3:1 l2:2 core:1 pu:2"
    /// The same, where CPU numbers go round the nodes: PyExPool's "cross".
    static let twoNodesCrossed = "pack:2 [numa] l3:1 l2:2 core:1 pu:2(indexes=0,4,2,6,1,5,3,7)"
    /// 32 CPUs, two nodes, SMT 2.
    static let server = "pack:2 [numa] l3:1 l2:8 core:1 pu:2"
    /// 24 CPUs, three nodes, SMT 2.
    static let threeNodes = "pack:3 [numa] l3:1 l2:4 core:1 pu:2"
    /// 16 CPUs, two nodes, SMT 4, as POWER has it.
    static let fourThreads = "pack:2 [numa] l3:1 l2:2 core:1 pu:4"
    /// The same, numbered round the cores.
    static let fourThreadsCrossed =
        "pack:2 [numa] l3:1 l2:2 core:1 pu:4(indexes=0,4,8,12,2,6,10,14,1,5,9,13,3,7,11,15)"
    /// An EPYC: one package and node, whose 8 cores share four third-level caches.
    static let splitL3 = "pack:1 [numa] l3:4 l2:2 core:1 pu:2"
    /// Four packages with two nodes each and 8 cores in each node.
    static let fourPackages = "pack:4 numa:2 l3:1 l2:8 core:1 pu:1"
    /// Fast memory beside the usual one: nodes 0 and 1 in each place, of which the second has no CPUs for the kernel.
    static let memoryOnly = "pack:2 [numa] [numa] l3:1 l2:2 core:1 pu:1"

    static func read(_ shape: String, allowed: String? = nil) throws -> Topology {
        try HwlocTopology.read(.synthetic(shape), allowed: allowed.map { try CPUSet(parsing: $0) })
    }

    /// A machine of hwloc's own file format, for what synthetic descriptions cannot say.
    static func read(xml: String, allowed: String? = nil) throws -> Topology {
        let folder = try ScratchDirectory()
        let path = try folder.write(xml, to: "machine.xml")
        return try HwlocTopology.read(.xml(path: path), allowed: allowed.map { try CPUSet(parsing: $0) })
    }
}
