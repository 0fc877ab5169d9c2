import Glibc

/// What `exec` adds to the command that it runs, next to other programs that run a command.
enum Wrapper {
    static func run(tool: String, rounds: Int) async throws {
        var commands = [
            ("/bin/true, by itself", ["/bin/true"]),
            ("cgexec-pool exec -- /bin/true", [tool, "exec", "--", "/bin/true"]),
            ("env /bin/true", ["/usr/bin/env", "/bin/true"]),
            ("timeout 10 /bin/true", ["/usr/bin/timeout", "10", "/bin/true"]),
            ("sh -c '/bin/true; exit'", ["/bin/sh", "-c", "/bin/true; exit"]),
        ]
        if find("perl") != nil {
            commands.append(("perl -e 'system \"/bin/true\"'", ["perl", "-e", "system '/bin/true'"]))
        }
        if find("python3") != nil {
            commands.append(
                (
                    "python3 -c 'subprocess.run(…)'",
                    ["python3", "-c", "import subprocess; subprocess.run(['/bin/true'])"]
                ))
        }
        let contestants = commands.map { name, words in
            let command = Command(words)
            return Contestant(name: name, batch: 5) { n in for _ in 0..<n { try command.run() } }
        }
        let samples = try await compete(contestants, rounds: rounds)
        var table = Table(["command", "ms", "10 % – 90 %", "ms over the bare command", "10 % – 90 %"])
        for (contestant, sample) in zip(contestants, samples) {
            let over = sample - samples[0]
            table.add([contestant.name] + sample.times(1e3).cells(2) + over.times(1e3).cells(2))
        }
        print(table.text)
        print("\n\(rounds) rounds of 5 runs each, all rows in turn; differences are taken round by round.")
    }
}
