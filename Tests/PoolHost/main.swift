// A program with a pool in it, for tests of what its end does to its jobs.
//
// usage: PoolHost CGROUP close|untouched|handler|exit|exit-in-callback [SCRIPT]
//
// Runs SCRIPT in the pool until it is ended; tells on standard output what became of it.
import CGExec
import Glibc

/// What the job is: something that says that it runs, and that it was asked to end.
let usual = "trap 'echo asked; exit 0' TERM; sleep 1000 & echo runs; wait"

func say(_ line: String) { _ = write(1, line + "\n", line.utf8.count + 1) }

func own(_ signal: Int32) {
    say("own handler")
    _exit(7)
}

let arguments = CommandLine.arguments
guard arguments.count >= 3 else { exit(2) }
let mode = arguments[2]
var configuration = PoolConfiguration(jobs: .count(2), cgroup: arguments[1])
configuration.signals = mode == "untouched" ? .untouched : .close

if mode == "handler" {
    signal(SIGTERM, own)
}

try await withPool(configuration) { pool in
    var job = Job("job", ["/bin/sh", "-c", arguments.count > 3 ? arguments[3] : usual], stdout: .inherit)
    job.limits.grace = .seconds(100)
    let handle = try await pool.submit(
        job,
        onStart: { _, _ in if mode == "exit-in-callback" { exit(4) } },
        onFinish: { _, record in say("finished \(record.outcome.kind)") })
    // The job says that it runs, and whoever reads that writes a byte. The pool hears of it from a thread of its own, and
    // tells nobody; by the end of another job it has.
    var byte: UInt8 = 0
    _ = read(0, &byte, 1)
    _ = try await pool.run(Job("other", ["sleep", "0.2"]))
    say("up")
    if mode == "exit" { exit(3) }
    let record = await handle.record
    say("record \(record.outcome.kind)")
}
