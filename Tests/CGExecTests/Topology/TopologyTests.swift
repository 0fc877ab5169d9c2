import Support
import Testing

@testable import CGExec

/// What is read of a machine.
@Suite struct TopologyTests {
    @Test func `pieces have the kernel's numbers`() throws {
        let machine = try Shapes.read(Shapes.twoNodesCrossed)
        #expect(machine[.package].map(\.cpus.description) == ["0,2,4,6", "1,3,5,7"])
        #expect(machine[.core].map(\.cpus.description) == ["0,4", "2,6", "1,5", "3,7"])
        #expect(machine[.thread].map(\.number) == [0, 4, 2, 6, 1, 5, 3, 7])
        #expect(machine[.core].map(\.mems.description) == ["0", "0", "1", "1"])
        #expect(machine.cpus == CPUSet(0...7) && machine.allowed == CPUSet(0...7))
    }

    @Test func `this machine is one`() throws {
        let machine = try HwlocTopology.read()
        #expect(Host.allowedCPUs().isSubset(of: machine.cpus))
        #expect(!machine[.core].isEmpty && !machine[.numa].isEmpty)
    }

    /// An i7 with two performance cores of two threads each and four efficiency cores that share a second-level cache.
    @Test func `performance and efficiency cores are told apart`() throws {
        let machine = try Shapes.read(xml: Self.hybrid)
        #expect(machine.kinds.map(\.cpus.description) == ["4-7", "0-3"])
        func slots(_ mask: String) throws -> [String?] {
            try SlotLayout(AffinityMask(parsing: mask), of: machine).slots.map { $0.cpus?.description }
        }
        #expect(try slots("core,performance") == ["0-1", "2-3"])
        #expect(try slots("core,efficiency") == ["4", "5", "6", "7"])
        #expect(try slots("core,compact") == ["0-1", "2-3", "4", "5", "6", "7"])
        #expect(try slots("2,compact") == ["0-1", "2-3", "4-5", "6-7"])
        #expect(try slots("core,performance,first") == ["0", "2"])
        #expect(try slots("l2,efficiency") == ["4-7"])
    }

    /// A machine with one of its cores switched off: hwloc shows the others.
    @Test func `CPUs that are switched off are not there`() throws {
        let off = Self.hybrid.replacing(#"complete_cpuset="0x000000ff""#, with: #"complete_cpuset="0x000003ff""#)
        let machine = try Shapes.read(xml: off)
        #expect(machine.cpus == CPUSet(0...7))
        #expect(try SlotLayout(.core, of: machine).slots.count == 6)
    }

    @Test func `what hwloc cannot read is refused`() throws {
        for source in [HwlocTopology.Source.synthetic("pack:none"), .xml(path: "/nowhere.xml")] {
            let error = #expect(throws: HostUnfit.self) { try HwlocTopology.read(source) }
            #expect(error?.reasons.first?.cure == "hwloc(7) tells what it reads")
        }
    }

    @Test func `a mask is read as it is written`() throws {
        for text in ["core", "l3,first", "thread,compact", "4,reserve=2", "core,efficiency", "package", "16"] {
            #expect(try AffinityMask(parsing: text).description == text)
        }
        #expect(try AffinityMask(parsing: "1") == .thread)
        for text in ["", "cores", "0", "-2", "core,", "core,last", "core,reserve=", "none,first", "l3,all"] {
            #expect(throws: ValueError.self, "\(text)") { try AffinityMask(parsing: text) }
        }
    }

    /// In hwloc's file format, version 2.
    static let hybrid: String = {
        func object(_ attributes: String, _ inside: String = "") -> String {
            "<object \(attributes)>\(inside)</object>"
        }
        func sets(_ mask: Int, _ index: String = "") -> String {
            let text = "0x" + String(repeating: "0", count: 8 - String(mask, radix: 16).count) + String(mask, radix: 16)
            return
                #"\#(index)cpuset="\#(text)" complete_cpuset="\#(text)" nodeset="0x00000001" complete_nodeset="0x00000001""#
        }
        func thread(_ cpu: Int) -> String { object(#"type="PU" "# + sets(1 << cpu, #"os_index="\#(cpu)" "#)) }
        func core(_ index: Int, _ cpus: [Int]) -> String {
            let mask = cpus.reduce(0) { $0 | 1 << $1 }
            return object(#"type="Core" "# + sets(mask, #"os_index="\#(index)" "#), cpus.map(thread).joined())
        }
        func cache(_ mask: Int, _ inside: String) -> String {
            let attributes =
                #"cache_size="2097152" depth="2" cache_linesize="64" cache_associativity="16" cache_type="0""#
            return object(#"type="L2Cache" "# + sets(mask) + " " + attributes, inside)
        }
        let node = object(#"type="NUMANode" "# + sets(0xff, #"os_index="0" "#) + #" local_memory="17179869184""#)
        let caches =
            cache(0x3, core(0, [0, 1])) + cache(0xc, core(1, [2, 3]))
            + cache(0xf0, (4...7).map { core($0 - 2, [$0]) }.joined())
        let package = object(#"type="Package" "# + sets(0xff, #"os_index="0" "#), node + caches)
        let machine = object(
            #"type="Machine" os_index="0" allowed_cpuset="0x000000ff" allowed_nodeset="0x00000001" "# + sets(0xff),
            package)
        let kinds = """
            <cpukind cpuset="0x000000f0" forced_efficiency="0"><info name="CoreType" value="IntelAtom"/></cpukind>
            <cpukind cpuset="0x0000000f" forced_efficiency="1"><info name="CoreType" value="IntelCore"/></cpukind>
            """
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <!DOCTYPE topology SYSTEM "hwloc2.dtd">
            <topology version="2.0">\(machine)\(kinds)</topology>
            """
    }()
}
