import Testing

@testable import CGExec

/// What a pool hands to the kernel, and what it writes down.
@Suite struct PoolRecordTests {
    private typealias Program = SimulatedKernel.Program

    @Test func `a record has everything that is known of the job, and when`() {
        let pool = SimulatedPool { surroundings in
            surroundings.host = "h"
        } program: { _ in
            Program(duration: .milliseconds(2500), peakMemory: .mib(5), parallelism: 2)
        }
        let job = Job(
            "second", ["p", "a b"], limits: Limits(memory: .mib(64)), category: "c", size: 7, directory: "/d",
            description: "about", params: ["x": "1"])
        let records = pool.run([Job("first", ["p"]), job])
        var expected = Record(
            id: JobID(2), name: "second", attempt: 1, argv: ["p", "a b"], outcome: Outcome(.ok, code: 0),
            times: .init(),
            limits: job.limits, enforcement: [:])
        expected.description = "about"
        expected.category = "c"
        expected.size = 7
        expected.cwd = "/d"
        expected.host = "h"
        expected.slot = 0
        expected.params = ["x": "1"]
        func at(_ seconds: Double) -> Timestamp {
            Timestamp(nanosecondsSinceEpoch: SimulatedPool.epoch.nanosecondsSinceEpoch + Int64(seconds * 1e9))
        }
        expected.times = .init(queued: at(0), admitted: at(2.5), started: at(2.5), ended: at(5))
        expected.wallSeconds = 2.5
        var usage = Usage()
        usage.cpuSeconds = 5
        usage.memoryPeakBytes = ByteSize.mib(5).bytes
        usage.needPeakBytes = ByteSize.mib(5).bytes
        usage.memory = ["shmem": 0]
        expected.usage = usage
        #expect(records.count == 2 && records.last == expected)
    }

    @Test func `what is not known is absent`() {
        let pool = SimulatedPool(program: SimulatedPool.second)
        _ = pool.core.submit(Job("runs", ["p"]))
        let second = pool.core.submit(Job("waits", ["p"], limits: Limits(timeout: .seconds(1))))
        pool.core.cancel(second)
        let expected = Record(
            id: second, name: "waits", attempt: 0, argv: ["p"],
            outcome: Outcome(.cancelled, message: "it was cancelled before it started"),
            times: .init(queued: SimulatedPool.epoch), limits: Limits(timeout: .seconds(1)), enforcement: [:])
        #expect(pool.records == [expected])
    }

    @Test func `cancelled while it waits for another attempt, it has the number of that one`() {
        let pool = SimulatedPool { _ in SimulatedPool.Program(duration: .seconds(1), status: .exited(75)) }
        var job = Job("fails", ["p"])
        job.retry = Retry(2, backOff: .seconds(10))
        let id = pool.core.submit(job)
        while pool.attempts.isEmpty, pool.kernel.step() {}
        pool.core.cancel(id)
        #expect(pool.attempts.map(\.attempt) == [1] && pool.records.map(\.attempt) == [2])
        let outcome = Outcome(.cancelled, message: "it was cancelled while it waited for another attempt")
        #expect(pool.records.map(\.outcome) == [outcome] && pool.records.allSatisfy { $0.times.started == nil })
    }

    @Test func `a program learns about itself, and the job has the last word`() throws {
        let pool = SimulatedPool(slots: 2, cpus: 4) { surroundings in
            surroundings.environment = ["PATH=/bin", "A=pool", "CGEXEC_SLOT=outer"].map { Array($0.utf8) }
        } program: {
            SimulatedPool.second($0)
        }
        let job = Job(
            "n=1", ["p"], limits: Limits(memory: .mib(1), cpus: 2),
            environment: ["A": "job", "CGEXEC_NAME": "mine", "OMP_NUM_THREADS": "3"])
        _ = pool.run([Job("plain", ["p"]), job])
        let (plain, limited) = (pool.kernel.launches[0], pool.kernel.launches[1])
        #expect(
            SimulatedPool.environment(plain) == [
                "PATH": "/bin", "A": "pool", "CGEXEC_ID": "1", "CGEXEC_NAME": "plain", "CGEXEC_ATTEMPT": "1",
                "CGEXEC_SLOT": "0",
            ])
        let told = SimulatedPool.environment(limited)
        let threads = told.filter { $0.key.contains("THREADS") || $0.key == "GOMAXPROCS" }
        #expect(threads.count == 8 && threads["OMP_NUM_THREADS"] == "3")
        #expect(threads.values.filter { $0 != "3" } == ["2", "2", "2", "2", "2", "2", "2"])
        #expect(
            told.filter { !threads.keys.contains($0.key) } == [
                "PATH": "/bin", "A": "job", "CGEXEC_ID": "2", "CGEXEC_NAME": "mine", "CGEXEC_ATTEMPT": "1",
                "CGEXEC_SLOT": "1", "CGEXEC_MEMORY": "1048576", "CGEXEC_CPUS": "0-1",
            ])
        #expect(limited.environment.map { String(decoding: $0, as: UTF8.self) }.contains("A=job"))
    }

    @Test func `who ran beside whom is written down, with what they shared`() throws {
        // Two caches of two cores of two threads.
        let machine = try Shapes.read("pack:1 l3:2 l2:2 core:1 pu:2")
        let pool = SimulatedPool(slots: 8, cpus: 8, topology: machine, program: SimulatedPool.second)
        let jobs = [[0], [1], [2, 3], [4], []].map { (cpus: [Int]) in
            var job = Job("on \(cpus)", ["p"])
            job.limits.cpuset = cpus.isEmpty ? nil : CPUSet(cpus)
            return job
        }
        let met = pool.run(jobs).map { $0.neighbours?.map { "\($0.id) \($0.shared)" } }
        #expect(met[0] == ["2 core", "3 l3", "4 numa"])
        #expect(met[2] == ["1 l3", "2 l3", "4 numa"])
        #expect(met[3] == ["1 numa", "2 numa", "3 numa"])
        #expect(met[4] == nil, "it owns no CPUs")
    }

    @Test func `bytes of a wrapper pass as they are`() {
        let command: [[UInt8]] = [[0x70, 0xFF], [0x80]]
        let pool = SimulatedPool { surroundings in
            surroundings.verbatim = (command, [[0x41, 0x3D, 0xFE]])
            surroundings.session = .inherit
        } program: {
            SimulatedPool.second($0)
        }
        _ = pool.run([Job("n", ["p\u{FFFD}", "\u{FFFD}"], environment: ["B": "x"])])
        let plan = pool.kernel.launches[0]
        #expect(plan.command == command && plan.environment == [[0x41, 0x3D, 0xFE]])
        if case .inherit = plan.session {} else { Issue.record("\(plan.session)") }
    }

    @Test func `texts that depend on the slot are made at the launch`() {
        let pool = SimulatedPool(slots: 2) { surroundings in
            surroundings.finalize = { id, slot, attempt in Job("j\(id)", ["p", "\(slot)", "\(attempt)"]) }
        } program: {
            SimulatedPool.second($0)
        }
        let records = pool.run(Array(repeating: Job("?", ["?"]), count: 3))
        #expect(records.map(\.argv) == [["p", "0", "1"], ["p", "1", "1"], ["p", "0", "1"]])
        #expect(records.map(\.name) == ["j1", "j2", "j3"])
        #expect(pool.kernel.launches.map { String(decoding: $0.command[1], as: UTF8.self) } == ["0", "1", "0"])
    }

    @Test func `limits reach the leaf`() {
        var limits = Limits(memory: .fraction(0.25), cpus: 2, pids: 7, timeout: .seconds(9))
        limits.swap = .mib(1)
        limits.cpuQuota = 1.5
        limits.cpuWeight = 50
        limits.mems = CPUSet([0])
        limits.onPids = .kill
        limits.io = [IOLimit(device: "8:0", readBytes: 1)]
        limits.delegate = true
        limits.files = 20
        limits.core = ByteSize(0)
        limits.outputLimit = .kib(1)
        let pool = SimulatedPool(budget: .gib(1), program: SimulatedPool.second)
        _ = pool.run([
            Job("n", ["p"], limits: limits, directory: "/d", stdin: .file("i"), stdout: .append("o"), stderr: .stdout)
        ])
        let plan = pool.kernel.launches[0]
        let leaf = LeafPlan(
            memory: .mib(256), memoryIsAsked: true, swap: .mib(1), cpus: CPUSet([0, 1]), mems: CPUSet([0]),
            ownsCPUs: true,
            cpuQuota: 1.5, cpuWeight: 50, pids: 7, watchPids: true, io: limits.io, delegate: true)
        #expect(plan.leaf == leaf)
        #expect(plan.files == 20 && plan.core == ByteSize(0) && plan.outputLimit == .kib(1) && plan.directory == "/d")
        #expect(plan.stdin == .file("i") && plan.stdout == .append("o") && plan.stderr == .stdout)
        if case .new = plan.session {} else { Issue.record("\(plan.session)") }
    }
}
