import Testing

@testable import CGExec

@Suite struct JobProblemTests {
    private static func job(_ change: (inout Job) -> Void) -> Job {
        var job = Job("j", ["true"])
        change(&job)
        return job
    }

    private static func limited(_ change: (inout Limits) -> Void) -> Job { job { change(&$0.limits) } }

    private static let impossible: [(Job, [String])] = [
        (job { $0.command = [""] }, ["command"]),
        (job { $0.command = ["a\0b"] }, ["command"]),
        (job { $0.environment = ["A": "b\0"] }, ["env"]),
        (job { $0.environment = ["": "b"] }, ["env"]),
        (job { $0.environment = ["A=B": "b"] }, ["env"]),
        (job { $0.directory = "/tmp\0" }, ["cwd"]),
        (job { $0.name = "a\0b" }, ["name"]),
        (job { $0.stdin = .file("a\0b") }, ["stdin"]),
        (job { $0.stdout = .file("a\0b") }, ["stdout"]),
        (job { $0.stderr = .append("a\0b") }, ["stderr"]),
        (job { $0.stdout = .stdout }, ["stdout"]),
        (job { $0.size = -1 }, ["size"]),
        (job { $0.size = .nan }, ["size"]),
        (job { $0.size = .infinity }, ["size"]),
        (limited { $0.cpus = 5 }, ["cpus"]),
        (limited { $0.cpus = 0 }, ["cpus"]),
        (limited { $0.cpus = -1 }, ["cpus"]),
        (limited { $0.cpuset = CPUSet([3, 4]) }, ["cpuset"]),
        (limited { $0.cpuset = CPUSet() }, ["cpuset"]),
        (limited { ($0.cpuset, $0.cpus) = (CPUSet([0]), 2) }, ["cpus"]),
        (limited { $0.memory = .gib(2) }, ["memory"]),
        (limited { $0.memory = .size(ByteSize(0)) }, ["memory"]),
        (limited { $0.memory = .fraction(1.5) }, ["memory"]),
        (limited { $0.need = .gib(2) }, ["need"]),
        (limited { ($0.need, $0.memory) = (.mib(2), .mib(1)) }, ["need"]),
        (limited { $0.cpuQuota = 0 }, ["cpu-quota"]),
        (limited { $0.cpuQuota = .nan }, ["cpu-quota"]),
        (limited { $0.cpuWeight = 0 }, ["cpu-weight"]),
        (limited { $0.pids = 0 }, ["pids"]),
        (limited { $0.timeout = .zero }, ["timeout"]),
        (limited { $0.timeout = .seconds(-1) }, ["timeout"]),
        (limited { $0.cpuTimeout = .zero }, ["cpu-timeout"]),
        (limited { $0.grace = .seconds(-1) }, ["grace"]),
        (limited { $0.files = 0 }, ["files"]),
        (limited { $0.onPids = .kill }, ["on-pids"]),
        (limited { $0.thrash = ThrashLimit(.full, above: 0.5, for: .seconds(1)) }, ["thrash"]),
        (
            limited { ($0.memory, $0.thrash) = (.mib(1), ThrashLimit(.full, above: 0, for: .seconds(1))) },
            ["thrash"]
        ),
        (limited { $0.io = [IOLimit(device: "/dev/sda")] }, ["io"]),
        (limited { $0.io = [IOLimit(device: "a b", readBytes: 1)] }, ["io"]),
        (
            job {
                $0.command = [""]
                $0.size = -1
                $0.limits.cpus = 99
                $0.limits.pids = 0
            }, ["command", "cpus", "pids", "size"]
        ),
    ]

    @Test(arguments: impossible)
    func `what cannot run is told, all at once`(_ job: Job, _ keys: [String]) {
        let problems = job.problems(cpus: CPUSet(0...3), budget: .gib(1))
        #expect(problems.map(\.key).sorted() == keys)
        #expect(problems.allSatisfy { $0.message.count > 10 })
    }

    private static let possible: [Job] = [
        job { _ in }, limited { $0.memory = .gib(1) }, limited { $0.memory = .fraction(1) },
        limited { $0.cpus = 4 }, limited { $0.cpuset = CPUSet(0...3) },
        limited { ($0.need, $0.memory) = (.mib(1), .mib(1)) }, limited { ($0.onPids, $0.pids) = (.fail, 1) },
        limited { $0.grace = .zero }, limited { $0.swap = ByteSize(0) }, job { $0.stderr = .stdout },
        job { $0.environment = ["A": "", "B": "x=y"] }, job { $0.size = 0.5 }, limited { $0.timeout = .nanoseconds(1) },
    ]

    @Test(arguments: possible)
    func `what can run has none`(_ job: Job) {
        #expect(job.problems(cpus: CPUSet(0...3), budget: .gib(1)) == [])
    }

    @Test func `without a budget a percentage means nothing, and a size is not too large`() {
        let part = Self.limited { $0.memory = .fraction(0.5) }
        #expect(part.problems(cpus: CPUSet([0]), budget: nil).map(\.key) == ["memory"])
        #expect(Self.limited { $0.memory = .gib(999) }.problems(cpus: CPUSet([0]), budget: nil) == [])
    }

    @Test func `the error names the job and every problem`() {
        let error = InvalidJob(
            name: "x", problems: [JobProblem(key: "a", message: "b"), JobProblem(key: "c", message: "d")])
        #expect(error.description == "job x: a: b\njob x: c: d")
    }
}
