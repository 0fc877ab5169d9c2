import Testing

@testable import CGExec

/// Which slots each choice of affinity gives, on machines of every kind.
@Suite struct SlotLayoutTests {
    /// One machine, one choice, and the slots that must come of it.
    struct Case: CustomTestStringConvertible, Sendable {
        var shape: String
        var mask: String
        var slots: String
        var allowed: String?

        init(_ shape: String, _ mask: String, _ slots: String, allowed: String? = nil) {
            (self.shape, self.mask, self.slots, self.allowed) = (shape, mask, slots, allowed)
        }

        var testDescription: String { "\(shape) \(mask)" + (allowed.map { " of \($0)" } ?? "") }

        func check() throws {
            let topology = try Shapes.read(shape, allowed: allowed)
            let layout = try SlotLayout(AffinityMask(parsing: mask), of: topology)
            let found = layout.slots.map { $0.cpus?.description ?? "all" }
            #expect(found == slots.split(separator: " ").map(String.init))
        }
    }

    /// PyExPool's own table, where that is right. With `first` we always take one thread, as its name says; it takes as many
    /// as the cores of a slot on machines that number CPUs round the nodes.
    static let pyexpool = [
        Case(Shapes.twoNodesCrossed, "1", "0 1 2 3 4 5 6 7"),
        Case(Shapes.twoNodesCrossed, "2,first", "0 1 2 3"),
        Case(Shapes.twoNodesCrossed, "2", "0,4 1,5 2,6 3,7"),
        Case(Shapes.twoNodes, "1", "0 4 2 6 1 5 3 7"),
        Case(Shapes.twoNodes, "2,first", "0 4 2 6"),
        Case(Shapes.twoNodes, "2", "0-1 4-5 2-3 6-7"),
        Case(Shapes.twoNodes, "4,first", "0 4"),
        Case(Shapes.twoNodes, "4", "0-3 4-7"),
        Case(
            Shapes.server, "1", "0 16 2 18 4 20 6 22 8 24 10 26 12 28 14 30 1 17 3 19 5 21 7 23 9 25 11 27 13 29 15 31"),
        Case(Shapes.server, "4,first", "0 16 4 20 8 24 12 28"),
        Case(Shapes.server, "4", "0-3 16-19 4-7 20-23 8-11 24-27 12-15 28-31"),
        Case(Shapes.server, "16,first", "0 16"),
        Case(Shapes.server, "16", "0-15 16-31"),
        Case(Shapes.desktopCrossed, "4", "0-1,4-5 2-3,6-7"),
        Case(Shapes.desktopCrossed, "4,first", "0 2"),
        Case(Shapes.threeNodes, "1", "0 8 16 2 10 18 4 12 20 6 14 22 1 9 17 3 11 19 5 13 21 7 15 23"),
        Case(Shapes.fourThreadsCrossed, "4,first", "0 1 2 3"),
        Case(Shapes.fourThreadsCrossed, "4", "0,4,8,12 1,5,9,13 2,6,10,14 3,7,11,15"),
        Case(Shapes.fourThreads, "4,first", "0 8 4 12"),
        Case(Shapes.fourThreads, "4", "0-3 8-11 4-7 12-15"),
    ]

    @Test(arguments: pyexpool) func `the slots that PyExPool promises`(_ one: Case) throws { try one.check() }

    /// By hand, from the shape.
    static let pieces = [
        Case(Shapes.single, "thread", "0"),
        Case(Shapes.single, "package", "0"),
        Case(Shapes.desktop, "core", "0 1 2 3"),
        Case(Shapes.desktop, "l3", "0-3"),
        Case(Shapes.desktopSMT, "core", "0-1 2-3 4-5 6-7"),
        Case(Shapes.desktopSMT, "thread", "0 2 4 6 1 3 5 7"),
        Case(Shapes.desktopSMT, "thread,compact", "0 1 2 3 4 5 6 7"),
        Case(Shapes.desktopCrossed, "core", "0,4 1,5 2,6 3,7"),
        Case(Shapes.desktopCrossed, "core,first", "0 1 2 3"),
        Case(Shapes.desktopCrossed, "thread,compact", "0 4 1 5 2 6 3 7"),
        Case(Shapes.twoNodes, "core", "0-1 4-5 2-3 6-7"),
        Case(Shapes.twoNodes, "core,compact", "0-1 2-3 4-5 6-7"),
        Case(Shapes.twoNodes, "numa", "0-3 4-7"),
        Case(Shapes.twoNodes, "package,first", "0 4"),
        Case(Shapes.twoNodes, "core,reserve=1", "2-3 4-5 6-7"),
        Case(Shapes.splitL3, "l3", "0-3 4-7 8-11 12-15"),
        Case(Shapes.splitL3, "core", "0-1 4-5 8-9 12-13 2-3 6-7 10-11 14-15"),
        Case(Shapes.splitL3, "l3,first", "0 4 8 12"),
        Case(Shapes.splitL3, "4", "0-3 4-7 8-11 12-15"),
        Case(Shapes.splitL3, "8", "0-7 8-15"),
        Case(Shapes.splitL3, "numa", "0-15"),
        Case(Shapes.fourPackages, "package", "0-15 16-31 32-47 48-63"),
        Case(Shapes.fourPackages, "numa", "0-7 16-23 32-39 48-55 8-15 24-31 40-47 56-63"),
        Case(Shapes.fourPackages, "numa,compact", "0-7 8-15 16-23 24-31 32-39 40-47 48-55 56-63"),
        Case(Shapes.memoryOnly, "numa", "0-1 2-3"),
        Case(Shapes.memoryOnly, "core", "0 2 1 3"),
        // Only a part may be used: what is left of a piece is a smaller slot.
        Case(Shapes.twoNodes, "core", "3 4-5 6", allowed: "3-6"),
        Case(Shapes.twoNodes, "numa", "3 4-6", allowed: "3-6"),
        Case(Shapes.splitL3, "l3", "2-3 4-7 8", allowed: "2-8"),
        Case(Shapes.splitL3, "4", "4-7", allowed: "2-9"),
    ]

    @Test(arguments: pieces) func `the slots of each piece`(_ one: Case) throws { try one.check() }

    @Test func `slots have the memory that is nearest`() throws {
        let two = try SlotLayout(.core, of: Shapes.read(Shapes.twoNodes))
        #expect(two.slots.map(\.mems) == [0, 1, 0, 1].map { CPUSet([$0]) })
        let whole = try SlotLayout(AffinityMask(parsing: "8"), of: Shapes.read(Shapes.twoNodes))
        #expect(whole.slots.map(\.mems) == [CPUSet([0, 1])])
        // Memory without CPUs is nobody's nearest.
        let fast = try Shapes.read(Shapes.memoryOnly)
        #expect(fast[.numa].count == 4)
        #expect(try SlotLayout(.package, of: fast).slots.map { $0.mems?.count } == [1, 1])
    }

    @Test func `idle threads belong to the slot`() throws {
        let layout = try SlotLayout(AffinityMask(.l3, first: true), of: Shapes.read(Shapes.splitL3))
        #expect(layout.slots.map(\.owned?.description) == ["0-3", "4-7", "8-11", "12-15"])
        #expect(layout.slots.map(\.idle.description) == ["1-3", "5-7", "9-11", "13-15"])
    }

    @Test func `what is uneven, left over or reserved is said`() throws {
        let part = try SlotLayout(.l3, of: Shapes.read(Shapes.splitL3, allowed: "2-8"))
        #expect(part.slots.map(\.name) == ["l3:0 (2 of 4 CPUs)", "l3:1", "l3:2 (1 of 4 CPUs)"])
        #expect(part.notes == ["the L3 caches differ in how many CPUs may be used: 1 with 4, 1 with 2, 1 with 1"])
        let steps = try SlotLayout(AffinityMask(.step(4)), of: Shapes.read(Shapes.splitL3, allowed: "2-9"))
        #expect(steps.notes == ["CPUs 2-3,8-9 are in none of the times 4 hardware threads and stay idle"])
        let reserved = try SlotLayout(AffinityMask(.core, reserve: 2), of: Shapes.read(Shapes.desktopCrossed))
        #expect(reserved.reserved == CPUSet([0, 1, 4, 5]))
        #expect(reserved.slots.map(\.cpus?.description) == ["2,6", "3,7"])
    }

    @Test func `what a machine cannot give is refused, with a cure`() throws {
        func refusal(_ mask: String, _ shape: String, allowed: String? = nil) throws -> SlotLayout.Impossible? {
            let topology = try Shapes.read(shape, allowed: allowed)
            return #expect(throws: SlotLayout.Impossible.self) {
                _ = try SlotLayout(AffinityMask(parsing: mask), of: topology)
            }
        }
        #expect(try refusal("l2", "pack:1 l3:1 core:4 pu:1")?.cause == "this machine shows no L2 caches")
        #expect(try refusal("3", Shapes.twoNodes)?.cause == "slots would share a core: each has 2 threads")
        #expect(try refusal("3", Shapes.twoNodes)?.cure == "Take a multiple of 2, or 1")
        #expect(try refusal("16", Shapes.twoNodes)?.cause == "only 8 hardware threads may be used")
        #expect(try refusal("core,reserve=4", Shapes.twoNodes)?.cause == "there are only 4 cores that may be used")
        #expect(try refusal("core,efficiency", Shapes.twoNodes)?.cause == "all cores of this machine are alike")
        #expect(try refusal("core", Shapes.twoNodes, allowed: "9")?.cause == "no CPU is left of 9")
    }
}
