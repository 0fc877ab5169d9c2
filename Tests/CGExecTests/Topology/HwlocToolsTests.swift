import Support
import Testing

@testable import CGExec

/// Our pieces and slots beside those that hwloc's own commands give.
@Suite(.needs(.command(["hwloc-calc", "--version"]), .command(["hwloc-distrib", "--version"]))) struct HwlocToolsTests {
    static let shapes = [
        Shapes.single, Shapes.desktop, Shapes.desktopSMT, Shapes.desktopCrossed, Shapes.twoNodes,
        Shapes.twoNodesCrossed,
        Shapes.server, Shapes.threeNodes, Shapes.fourThreads, Shapes.fourThreadsCrossed, Shapes.splitL3,
        Shapes.fourPackages, Shapes.memoryOnly,
    ]

    private func say(_ words: String...) throws -> [String] {
        let result = Command(words).run()
        try #require(result.status == 0, "\(words)")
        // What it adds to a description without memory it says on standard error.
        return result.output.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("Inserting") }
    }

    @Test(arguments: shapes) func `hwloc-calc finds the same CPUs in each piece`(_ shape: String) throws {
        let machine = try Shapes.read(shape)
        for level in Topology.Level.allCases where level != .die && level != .l1 {
            let name = level == .thread ? "pu" : "\(level)"
            let count = try #require(Int(try say("hwloc-calc", "-i", shape, "-N", name, "all").first ?? ""))
            #expect(machine[level].count == count, "\(name)")
            for (index, piece) in machine[level].enumerated() {
                let cpus = try say("hwloc-calc", "-i", shape, "--po", "-I", "pu", "\(name):\(index)").first ?? ""
                #expect(try CPUSet(parsing: cpus) == piece.cpus, "\(name):\(index)")
            }
        }
    }

    /// As many sets as there are pieces of a kind, as far apart as can be, are these pieces.
    @Test(arguments: shapes) func `hwloc-distrib cuts the machine into the same slots`(_ shape: String) throws {
        let machine = try Shapes.read(shape)
        for mask in [AffinityMask.thread, .core, .l2, .l3, .numa, .package] {
            let slots = try SlotLayout(mask, of: machine).slots.compactMap(\.cpus)
            let masks = try say("hwloc-distrib", "-i", shape, "--taskset", "\(slots.count)")
            let sets = masks.map { mask in
                CPUSet((UInt64(mask.dropFirst(2), radix: 16) ?? 0).bits)
            }
            #expect(Set(sets) == Set(slots) && sets.count == slots.count, "\(mask): \(masks)")
        }
    }
}

extension UInt64 {
    fileprivate var bits: [Int] { (0..<64).filter { self >> UInt64($0) & 1 == 1 } }
}
