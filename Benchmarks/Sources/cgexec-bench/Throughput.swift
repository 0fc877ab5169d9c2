import CGExec
import Glibc

/// What a job costs: bare, at the floor, through the library, and through the tools that people use for it.
enum Throughput {
    static func run(cgroup: String, tool: String, rounds: Int) async throws {
        let floor = try FloorPool(in: cgroup)
        let items = try Items(count: 100)
        let lone = PoolConfiguration(jobs: .count(1), cgroup: cgroup)
        let pair = PoolConfiguration(jobs: .count(2), cgroup: cgroup)
        try await withPool(lone) { lone in
            try await withPool(pair) { pair in
                let bare = Command(["/bin/true"])
                let shell = Command(["/bin/sh", "-c", "true"])
                let exec = Command([tool, "exec", "--", "/bin/true"])
                let floorLoop = floor.runner()
                var contestants = [
                    Contestant(name: "posix_spawn + waitpid, no cgroup", batch: 50) { n in
                        for _ in 0..<n { try bare.run() }
                    },
                    Contestant(name: "the floor: a fresh leaf for each job, in C", batch: 50) { try floorLoop($0) },
                    Contestant(name: "CGExec, 1 slot", batch: 50) { try await lone.run($0, trueJob()) },
                    Contestant(name: "CGExec, 1 slot, submit and wait in turn", batch: 50) {
                        try await lone.runOneByOne($0, trueJob())
                    },
                    Contestant(name: "CGExec, 1 slot, output captured", batch: 50) {
                        try await lone.run($0, trueJob(capturing: true))
                    },
                    Contestant(name: "CGExec, 2 slots", batch: 50) { try await pair.run($0, trueJob()) },
                    Contestant(name: "sh -c true", batch: 50) { n in for _ in 0..<n { try shell.run() } },
                    Contestant(name: "cgexec-pool exec, once for each job", batch: 20) { n in
                        for _ in 0..<n { try exec.run() }
                    },
                ]
                contestants += tools(items)
                let samples = try await compete(contestants, rounds: rounds)
                print(table(contestants, samples, floor: samples[1]))
            }
        }
        let missing = ["xargs", "parallel"].filter { find($0) == nil }
        for program in missing { print("\n`\(program)` is not installed here, so it has no row.") }
        print(
            "\n\(rounds) rounds, all rows in turn in each; medians over the rounds, with the 10th and 90th percentile.")
        print("The floor reads \(floor.accountCount) files of each leaf. Ratios are taken round by round.")
    }

    /// The tools that run a command for each line of a file; their own start is part of what they take.
    private static func tools(_ items: Items) -> [Contestant] {
        var contestants: [Contestant] = []
        for jobs in 1...2 {
            if let xargs = find("xargs") {
                let command = Command([xargs, "-a", items.path, "-n1", "-P\(jobs)", "/bin/true"])
                contestants.append(Contestant(name: "xargs -P\(jobs)", batch: items.count) { _ in try command.run() })
            }
            if let parallel = find("parallel") {
                let command = Command([parallel, "--will-cite", "-j\(jobs)", "-a", items.path, "/bin/true"])
                contestants.append(
                    Contestant(name: "GNU parallel -j\(jobs)", batch: items.count) { _ in try command.run(quiet: true) }
                )
            }
        }
        return contestants
    }

    private static func table(_ contestants: [Contestant], _ samples: [Samples], floor: Samples) -> String {
        var table = Table(["one `true`", "jobs a round", "µs a job", "10 % – 90 %", "× the floor", "10 % – 90 %"])
        for (contestant, sample) in zip(contestants, samples) {
            table.add(
                [contestant.name, "\(contestant.batch)"] + sample.times(1e6).cells(0) + (sample / floor).cells(2))
        }
        return table.text
    }
}

/// A file of so many lines.
final class Items {
    let path: String
    let count: Int

    init(count: Int) throws {
        path = "/tmp/cgexec-bench-\(getpid()).items"
        self.count = count
        guard let file = fopen(path, "we") else { throw Failure("cannot write \(path)") }
        for number in 1...count { fputs("\(number)\n", file) }
        fclose(file)
    }

    deinit { unlink(path) }
}
