import CGExec
import Glibc

/// How late a time limit ends a program that leaves at once when asked: what the record says it took, less the limit.
enum Lateness {
    private struct Case {
        var name: String
        var limit: Double
        var job: Job
        var figure: (Record) -> Double?
    }

    static func run(cgroup: String, probe: String, repetitions: Int) async throws {
        let sleep = find("sleep") ?? "/bin/sleep"
        let cases = [0.3, 1].flatMap { limit in
            [
                Case(
                    name: "timeout", limit: limit,
                    job: Job("sleep", [sleep, "60"], limits: Limits(timeout: .seconds(limit))), figure: \.wallSeconds),
                Case(
                    name: "cpu-timeout, 1 thread", limit: limit,
                    job: Job("spin", [probe, "spin", "--cpu", "60s"], limits: Limits(cpuTimeout: .seconds(limit))),
                    figure: \.usage?.cpuSeconds),
                Case(
                    name: "cpu-timeout, 2 threads", limit: limit,
                    job: Job(
                        "spin", [probe, "spin", "--cpu", "60s", "--threads", "2"],
                        limits: Limits(cpuTimeout: .seconds(limit))), figure: \.usage?.cpuSeconds),
            ]
        }
        var samples = cases.map { _ in Samples() }
        try await withPool(PoolConfiguration(jobs: .count(1), cgroup: cgroup)) { pool in
            for _ in 0..<repetitions {
                for (index, one) in cases.enumerated() {
                    let record = try await pool.submit(one.job).record
                    guard [.timeout, .cpuTimeout].contains(record.outcome.kind), let seconds = one.figure(record) else {
                        throw Failure("\(one.name) ended with \(record.outcome.kind)")
                    }
                    samples[index].add(seconds - one.limit)
                }
            }
        }
        var table = Table(["limit", "seconds", "ms late", "10 % – 90 %", "worst"])
        for (one, sample) in zip(cases, samples) {
            let late = sample.times(1e3)
            table.add([one.name, "\(one.limit)"] + late.cells(2) + [fixed(late.quantile(1), 2)])
        }
        print(table.text)
        print(
            "\n\(repetitions) jobs each, in turn. Wall time for `timeout`; CPU time of the whole tree for `cpu-timeout`."
        )
    }
}
