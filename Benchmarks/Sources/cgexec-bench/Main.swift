import Glibc

/// Measures one thing and prints its table; `Benchmarks/run` puts the tables together.
@main
enum Main {
    private static let usage = """
        Usage: cgexec-bench throughput CGROUP TOOL ROUNDS
               cgexec-bench wrapper TOOL ROUNDS
               cgexec-bench lateness CGROUP PROBE REPETITIONS
               cgexec-bench limits CGROUP ROUNDS        (CGEXEC_SCRATCH_DEVICE: a disk to limit)
               cgexec-bench loop floor|library CGROUP JOBS   (prints nothing: for perf and strace)

        CGROUP: an empty cgroup v2 directory to work in. TOOL: cgexec-pool. PROBE: cgexec-probe.
        """

    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        do {
            switch (words.first, words.count) {
            case ("throughput", 4):
                try await Throughput.run(cgroup: words[1], tool: words[2], rounds: count(words[3]))
            case ("wrapper", 3): try await Wrapper.run(tool: words[1], rounds: count(words[2]))
            case ("lateness", 4):
                try await Lateness.run(cgroup: words[1], probe: words[2], repetitions: count(words[3]))
            case ("loop", 4): try await Loop.run(words[1], cgroup: words[2], jobs: count(words[3]))
            case ("limits", 3):
                let device = getenv("CGEXEC_SCRATCH_DEVICE").map { String(cString: $0) }
                try await AllLimits.run(cgroup: words[1], device: device, rounds: count(words[2]))
            default: throw Failure(usage)
            }
        } catch {
            let text = "cgexec-bench: \(error)\n"
            _ = write(2, text, text.utf8.count)
            exit(1)
        }
    }

    private static func count(_ text: String) throws -> Int {
        guard let number = Int(text), number > 0 else { throw Failure("'\(text)' is not a number above 0\n\(usage)") }
        return number
    }
}
