import CGExec
import Glibc

/// The floor and the library once more with every limit set, where the kernel has all controllers. In an emulated
/// machine only the ratio means something.
enum AllLimits {
    static func run(cgroup: String, device: String?, rounds: Int) async throws {
        let floor = try FloorPool(in: cgroup)
        let plain = floor.runner()
        let limited = floor.runner(try settings(device))
        try await withPool(PoolConfiguration(jobs: .count(1), cgroup: cgroup)) { pool in
            let limits = limits(device)
            let contestants = [
                Contestant(name: "the floor, no limits", batch: 5) { try plain($0) },
                Contestant(name: "CGExec, no limits", batch: 5) { try await pool.run($0, trueJob()) },
                Contestant(name: "the floor, all limits", batch: 5) { try limited($0) },
                Contestant(name: "CGExec, all limits", batch: 5) { try await pool.run($0, trueJob(limits: limits)) },
            ]
            let samples = try await compete(contestants, rounds: rounds)
            var table = Table(["1 slot, one `true`", "× the floor", "10 % – 90 %"])
            for index in [1, 3] {
                table.add([contestants[index].name] + (samples[index] / samples[index - 1]).cells(2))
            }
            print(table.text)
        }
        print("\n\(rounds) rounds of 5 jobs each. The floor reads \(floor.accountCount) files of each leaf.")
    }

    private static func limits(_ device: String?) -> Limits {
        var limits = Limits(memory: .mib(256), pids: 64)
        limits.cpuset = CPUSet([0, 1])
        limits.mems = CPUSet([0])
        limits.cpuQuota = 1.5
        limits.cpuWeight = 200
        limits.swap = ByteSize(0)
        limits.io = device.map { [IOLimit(device: $0, writeBytes: 1 << 30)] } ?? []
        return limits
    }

    /// The same by hand, in the library's order.
    private static func settings(_ device: String?) throws -> [FloorPool.Setting] {
        var settings: [FloorPool.Setting] = [
            .init(file: "cpuset.mems", value: "0", check: "cpuset.mems.effective"),
            .init(file: "cpuset.cpus", value: "0-1", check: "cpuset.cpus.effective"),
            .init(file: "memory.swap.max", value: "0", check: "memory.swap.max"),
            .init(file: "memory.oom.group", value: "1", check: "memory.oom.group"),
            .init(file: "memory.max", value: "\(256 << 20)", check: "memory.max"),
            .init(file: "pids.max", value: "64", check: "pids.max"),
            .init(file: "cpu.max", value: "150000 100000", check: "cpu.max"),
            .init(file: "cpu.weight", value: "200", check: "cpu.weight"),
        ]
        if let device {
            var facts = stat()
            guard stat(device, &facts) == 0 else { throw Failure("\(device): \(String(cString: strerror(errno)))") }
            let numbers = "\(facts.st_rdev >> 8 & 0xfff):\(facts.st_rdev & 0xff)"
            settings.append(
                .init(file: "io.max", value: "\(numbers) rbps=max wbps=\(1 << 30) riops=max wiops=max", check: "io.max")
            )
        }
        return settings
    }
}
