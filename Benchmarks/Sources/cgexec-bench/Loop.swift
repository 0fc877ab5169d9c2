import CGExec

/// One contestant alone, for tools that look into it: `perf record`, `strace -f -c`.
enum Loop {
    static func run(_ contestant: String, cgroup: String, jobs: Int) async throws {
        switch contestant {
        case "floor": try FloorPool(in: cgroup).runner()(jobs)
        case "library":
            try await withPool(PoolConfiguration(jobs: .count(1), cgroup: cgroup)) { try await $0.run(jobs, trueJob()) }
        default: throw Failure("'\(contestant)' is neither floor nor library")
        }
    }
}
