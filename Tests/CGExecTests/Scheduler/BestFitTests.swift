import Testing

@testable import CGExec

/// Which CPUs a job gets that asks for a number of them, and how much its memory nodes can hold.
@Suite struct BestFitTests {
    /// Four third-level caches of two cores with two threads each: 0-3, 4-7, 8-11, 12-15.
    private func machine() throws -> (fit: BestFit, all: CPUSet) {
        let topology = try Shapes.read(Shapes.splitL3)
        return (BestFit(topology, cpus: topology.cpus), topology.cpus)
    }

    private func chosen(_ count: Int, _ free: String, alone: Bool = false) throws -> String? {
        try machine().fit.choose(count, from: CPUSet(parsing: free), keepingCoresWhole: alone)?.cpus.description
    }

    @Test func `what fits in a core or a cache lies in one`() throws {
        #expect(try chosen(2, "0-15") == "0-1")
        #expect(try chosen(4, "0-15") == "0-3")
        #expect(try chosen(8, "0-15") == "0-7")
        // The core that is begun is finished before another is.
        #expect(try chosen(1, "0-14") == "14")
        // The cache that has just enough is taken, and the whole one is left.
        #expect(try chosen(2, "0-3,6-7") == "0-1")
        #expect(try chosen(3, "0-2,4-7") == "0-2")
        #expect(try chosen(4, "2-7") == "4-7")
        #expect(try chosen(5, "1-5") == "1-5")
        #expect(try chosen(6, "1-5") == nil)
    }

    @Test func `a job that is to have its cores alone gets whole ones`() throws {
        let (fit, all) = try machine()
        #expect(
            fit.choose(3, from: all, keepingCoresWhole: true)
                == .init(cpus: CPUSet(0...2), idle: CPUSet([3]), mems: CPUSet([0])))
        #expect(try chosen(1, "0-14", alone: true) == "0")
        #expect(try chosen(1, "1,3,5", alone: true) == nil)
    }

    @Test func `measured jobs leave their siblings idle`() throws {
        let topology = try Shapes.read(Shapes.desktopCrossed)
        let slots = try SlotLayout(.thread, of: topology).slots
        var ledger = Ledger(slots: slots, cpus: topology.cpus, topology: topology, budget: nil)
        var measured = Demand()
        measured.leavesSiblingsIdle = true
        let grant = try #require(ledger.place(measured, reserving: nil))
        #expect(grant.cpus == CPUSet([0]) && grant.idle == CPUSet([4]))
        ledger.take(grant, for: measured, reserving: nil)
        var places: [Int?] = []
        for _ in 0..<7 {
            let other = ledger.place(Demand(), reserving: nil)
            places.append(other?.cpus?.first)
            if let other { ledger.take(other, for: Demand(), reserving: nil) }
        }
        #expect(places == [1, 2, 3, 5, 6, 7, nil])
        ledger.giveBack(grant, of: measured, reserved: nil)
        #expect(ledger.freeCPUs == CPUSet([0, 4]))
    }

    @Test func `a job may own another piece than the pool's slots`() throws {
        let topology = try Shapes.read(Shapes.splitL3)
        let cores = try SlotLayout(.core, of: topology).slots
        var ledger = Ledger(slots: cores, cpus: topology.cpus, topology: topology, budget: nil)
        let first = try #require(ledger.place(Demand(), reserving: nil))
        ledger.take(first, for: Demand(), reserving: nil)
        var wide = Demand()
        wide.pieces = try SlotLayout(.l3, of: topology).slots
        let grant = try #require(ledger.place(wide, reserving: nil))
        #expect(first.piece == "core:0" && grant.piece == "l3:1" && grant.cpus == CPUSet(4...7))
        ledger.take(grant, for: wide, reserving: nil)
        // Slots that lost their CPUs to it are passed over.
        let next = try #require(ledger.place(Demand(), reserving: nil))
        #expect(next.cpus == CPUSet([8, 9]))
    }

    /// Two nodes of 1000 and 4000 bytes with two CPUs each.
    private func uneven() -> Topology {
        let nodes = [0, 1].map {
            Topology.Piece(number: $0, cpus: CPUSet([2 * $0, 2 * $0 + 1]), bytes: ByteSize($0 == 0 ? 1000 : 4000))
        }
        let threads = (0...3).map { Topology.Piece(number: $0, cpus: CPUSet([$0])) }
        return Topology(
            pieces: [.numa: nodes, .thread: threads], allowed: CPUSet(0...3), allowedMems: CPUSet([0, 1]))
    }

    @Test func `CPUs are taken where the memory is, and memory that no node has binds to none`() throws {
        let machine = uneven()
        var ledger = Ledger(
            slots: [Slot(), Slot(), Slot()], cpus: machine.cpus, topology: machine, budget: ByteSize(5000))
        let two = Demand(cpus: 2)
        #expect(ledger.place(two, reserving: ByteSize(500))?.mems == CPUSet([0]))
        ledger.take(Grant(slot: 0, mems: CPUSet([0])), for: Demand(), reserving: ByteSize(600))
        #expect(ledger.place(two, reserving: ByteSize(500))?.mems == CPUSet([1]))
        #expect(ledger.place(two, reserving: ByteSize(3900)).map { $0.mems == nil } == true)
    }

    @Test func `what the pool chooses itself fits on a node`() throws {
        let machine = uneven()
        let slots = try SlotLayout(.numa, of: machine).slots
        let configuration = Scheduler.Configuration(
            slots: slots, cpus: machine.cpus, topology: machine, budget: ByteSize(4800), sharesBudget: true)
        var scheduler = Scheduler(configuration)
        var alone = Demand()
        alone.isSolo = true
        let effects = scheduler.handle(.submitted(JobID(1), alone), at: Instant(nanoseconds: 1))
        let grants = effects.compactMap { if case .launch(_, let grant) = $0 { grant } else { nil } }
        #expect(grants.map(\.memory) == [ByteSize(3800)] && grants.first?.mems == CPUSet([1]), "\(effects)")
    }

    // MARK: Memory of nodes

    /// Two nodes of 1000 bytes, of which 950 can be promised.
    private func nodes() -> NodeMemory {
        let nodes = [0, 1].map { Topology.Piece(number: $0, cpus: CPUSet([$0]), bytes: ByteSize(1000)) }
        return NodeMemory(Topology(pieces: [.numa: nodes], allowed: CPUSet([0, 1]), allowedMems: CPUSet([0, 1])))
    }

    @Test func `no node is promised more than it has`() {
        var memory = nodes()
        let (left, both) = (CPUSet([0]), CPUSet([0, 1]))
        #expect(memory.fits(ByteSize(950), on: left) && !memory.fits(ByteSize(951), on: left))
        memory.take(ByteSize(900), on: left)
        #expect(!memory.fits(ByteSize(51), on: left) && memory.fits(ByteSize(950), on: CPUSet([1])))
        #expect(memory.fits(ByteSize(1000), on: both) && !memory.fits(ByteSize(1001), on: both))
        memory.take(ByteSize(1000), on: both)
        // The other node is full: with those that may be on either, and the first's own.
        #expect(!memory.fits(ByteSize(1), on: CPUSet([1])))
        memory.giveBack(ByteSize(900), on: left)
        #expect(memory.fits(ByteSize(900), on: CPUSet([1])) && !memory.fits(ByteSize(901), on: CPUSet([1])))
    }

    @Test func `what is bound to no node, or to one nobody knows, is not held back`() {
        let memory = nodes()
        #expect(memory.fits(ByteSize(5000), on: nil) && memory.fits(ByteSize(5000), on: CPUSet([7])))
        #expect(memory.fits(nil, on: CPUSet([0])))
    }
}
