import Glibc
import Support
import Testing

@testable import CGExec

/// Limits put in force, in a directory of plain files that plays the cgroup: what is written reads back.
struct LeafSettingsTests {
    private static let all: Set<String> = ["cpuset", "cpu", "memory", "pids", "io"]

    /// A cgroup's files, empty ones as they are before anything is written.
    private func leaf(_ files: [String: String]) throws -> ScratchDirectory {
        let directory = try ScratchDirectory()
        for (name, text) in files { try directory.write(text, to: name) }
        return directory
    }

    private static let memoryFiles = ["memory.max": "", "memory.swap.max": "", "memory.oom.group": ""]

    @Test func `everything asked for is written, read back and named`() throws {
        var files = Self.memoryFiles
        for name in ["cpuset.cpus", "cpuset.mems", "pids.max", "cpu.max", "cpu.weight"] { files[name] = "" }
        files["cpuset.cpus.effective"] = "0-1\n"
        files["cpuset.mems.effective"] = "0\n"
        let directory = try leaf(files)
        var plan = LeafPlan(memory: ByteSize(10 << 20), swap: ByteSize(0), cpus: CPUSet(0...1), mems: CPUSet([0]))
        plan.cpuQuota = 1.5
        plan.cpuWeight = 200
        plan.pids = 64
        var settings = LeafSettings(controllers: Self.all, bestEffort: false)
        try settings.apply(plan, to: Cgroup.open(directory.path))
        #expect(
            settings.effective == [
                "memory.max": "10485760", "memory.swap.max": "0", "memory.oom.group": "1",
                "cpuset.cpus.effective": "0-1",
                "cpuset.mems.effective": "0", "pids.max": "64", "cpu.max": "150000 100000", "cpu.weight": "200",
            ])
        let words = ["memory", "swap", "cpus", "mems", "pids", "cpu-quota", "cpu-weight"]
        #expect(settings.enforcement == Dictionary(uniqueKeysWithValues: words.map { ($0, Enforcement.cgroup) }))
        #expect(contents(of: directory.file("cpuset.cpus")) == "0-1")
    }

    @Test func `a size between pages is rounded down, as the kernel does`() throws {
        let directory = try leaf(Self.memoryFiles)
        // The kernel would round; a plain file keeps what was written, so only a whole number of pages reads back.
        var settings = LeafSettings(controllers: ["memory"], bestEffort: false)
        try settings.apply(LeafPlan(memory: ByteSize(8192)), to: Cgroup.open(directory.path))
        #expect(settings.effective["memory.max"] == "8192")
        let other = try leaf(Self.memoryFiles)
        let error = #expect(throws: KernelError.self) {
            var settings = LeafSettings(controllers: ["memory"], bestEffort: false)
            try settings.apply(LeafPlan(memory: ByteSize(8193)), to: Cgroup.open(other.path))
        }
        #expect(error?.value == "8192", "what it expects to read")
    }

    @Test func `what does not read back as asked is an error that names file and value`() throws {
        let directory = try leaf(["cpuset.cpus": "", "cpuset.cpus.effective": "0-3\n"])
        let error = #expect(throws: KernelError.self) {
            var settings = LeafSettings(controllers: ["cpuset"], bestEffort: false)
            try settings.apply(LeafPlan(cpus: CPUSet([7])), to: Cgroup.open(directory.path))
        }
        #expect(error?.operation == .verify)
        #expect(error?.object == directory.file("cpuset.cpus.effective"))
        #expect(error?.value == "7")
        #expect(error?.description.contains("'0-3'") == true)
    }

    @Test(arguments: [
        ("memory.max", LeafPlan(memory: ByteSize(1 << 20))),
        ("cpuset.cpus", LeafPlan(cpus: CPUSet([0]))), ("cpuset.mems", LeafPlan(mems: CPUSet([0]))),
        ("cpu.max", LeafPlan(cpuQuota: 1)), ("cpu.weight", LeafPlan(cpuWeight: 50)), ("pids.max", LeafPlan(pids: 5)),
    ])
    func `without the controller: an error, or a note with best effort`(file: String, plan: LeafPlan) throws {
        let empty = try leaf([:])
        let error = #expect(throws: KernelError.self) {
            var strict = LeafSettings(controllers: [], bestEffort: false)
            try strict.apply(plan, to: Cgroup.open(empty.path))
        }
        #expect(error?.operation == .write && error?.object == empty.file(file), "\(String(describing: error))")

        var lenient = LeafSettings(controllers: [], bestEffort: true)
        try lenient.apply(plan, to: Cgroup.open(empty.path))
        let needed = LeafSettings.controllersNeeded(plan).map(\.limit)
        #expect(needed.count == 1)
        #expect(
            lenient.enforcement
                == Dictionary(
                    uniqueKeysWithValues: needed.map { ($0, $0 == "cpus" ? Enforcement.affinity : .none) }))
        #expect(lenient.effective.isEmpty && entries(of: empty.path).isEmpty, "nothing is written")
    }

    @Test func `nothing asked for is nothing required, but a tree still dies as one`() throws {
        var settings = LeafSettings(controllers: [], bestEffort: false)
        let empty = try leaf([:])
        try settings.apply(LeafPlan(), to: Cgroup.open(empty.path))
        #expect(settings.effective.isEmpty && settings.enforcement.isEmpty)

        var memory = LeafSettings(controllers: ["memory"], bestEffort: false)
        let group = try leaf(["memory.oom.group": ""])
        try memory.apply(LeafPlan(), to: Cgroup.open(group.path))
        #expect(memory.effective == ["memory.oom.group": "1"] && memory.enforcement.isEmpty)
    }

    @Test func `a memory limit forbids swap unless some is asked for`() throws {
        let directory = try leaf(Self.memoryFiles)
        var settings = LeafSettings(controllers: ["memory"], bestEffort: false)
        try settings.apply(LeafPlan(memory: ByteSize(1 << 20)), to: Cgroup.open(directory.path))
        #expect(contents(of: directory.file("memory.swap.max")) == "0")
        #expect(settings.enforcement["swap"] == nil, "it was not asked for")

        let other = try leaf(Self.memoryFiles)
        var asked = LeafSettings(controllers: ["memory"], bestEffort: false)
        try asked.apply(LeafPlan(memory: ByteSize(1 << 20), swap: ByteSize(1 << 20)), to: Cgroup.open(other.path))
        #expect(contents(of: other.file("memory.swap.max")) == "1048576")
        #expect(asked.enforcement["swap"] == .cgroup)
    }

    @Test func `swap.max without swap accounting is only harmless where there is no swap`() throws {
        let directory = try leaf(["memory.max": "", "memory.oom.group": ""])
        let plan = LeafPlan(memory: ByteSize(1 << 20), swap: ByteSize(0))
        func settings(bestEffort: Bool, hasSwap: Bool) throws -> LeafSettings {
            var settings = LeafSettings(controllers: ["memory"], bestEffort: bestEffort, hasSwap: hasSwap)
            try settings.apply(plan, to: Cgroup.open(directory.path))
            return settings
        }
        let error = #expect(throws: KernelError.self) { try settings(bestEffort: false, hasSwap: true) }
        #expect(error?.object == directory.file("memory.swap.max"))
        for bestEffort in [false, true] {
            #expect(try settings(bestEffort: bestEffort, hasSwap: false).enforcement["swap"] == .cgroup)
        }
        let unlimited = try settings(bestEffort: true, hasSwap: true)
        #expect(unlimited.enforcement == ["swap": .none, "memory": .cgroup])
    }

    @Test func `memory nodes that nothing enforces are no placement`() throws {
        let empty = try leaf([:])
        var plan = LeafPlan(mems: CPUSet([0]))
        var nodes = LeafSettings(controllers: [], bestEffort: true)
        try nodes.apply(plan, to: Cgroup.open(empty.path))
        #expect(nodes.placement == nil)
        plan.cpus = CPUSet([0])
        var both = LeafSettings(controllers: [], bestEffort: true)
        try both.apply(plan, to: Cgroup.open(empty.path))
        #expect(both.placement == Record.Placement(cpus: CPUSet([0]), mems: nil), "the affinity holds")
    }

    @Test(
        arguments: [
            ("SwapTotal:       0 kB\n", false), ("MemTotal: 5 kB\nSwapTotal:  524284 kB\n", true),
            ("MemTotal: 5 kB\n", true),
            (nil, true), ("SwapTotal:\n", true),
        ] as [(String?, Bool)])
    func `whether the host has swap; unknown counts as yes`(meminfo: String?, hasSwap: Bool) {
        #expect(LeafSettings.hostHasSwap(meminfo: meminfo) == hasSwap)
    }

    @Test func `devices by numbers and by name`() throws {
        #expect(try LeafSettings.deviceNumbers("8:16") == "8:16")
        for (device, errno) in [("/dev/null", ENOTBLK), ("/no/such/device", ENOENT)] {
            let error = #expect(throws: KernelError.self) { try LeafSettings.deviceNumbers(device) }
            #expect(error?.errno == errno && error?.object == device)
        }
    }
}
