import CGExec

/// Runs the steps one after another: `swift run pyexpool-steps [CGROUP]`, where CGROUP is an empty cgroup to work in.
@main struct Main {
    static func main() async throws {
        let configuration = PoolConfiguration(jobs: .count(2), cgroup: CommandLine.arguments.dropFirst().first)
        print("# Jobs")
        print("nothing had to be terminated: \(try await Steps.jobs(configuration))")
        print("# Tasks")
        let counts = try await Steps.groups(configuration)
        print("\(counts.done) of \(counts.added) done")
        print("# The pool")
        print(try await Steps.results(configuration))
    }
}
