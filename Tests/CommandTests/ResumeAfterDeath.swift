import Glibc
import Support
import Testing

@testable import CGExec

/// However and whenever a run is killed, the next one gives each job once.
extension ResumeTests {
    /// Where a run, or one of its attempts, was when it was killed, as its journal and what its jobs wrote tell.
    private enum Moment: String, CaseIterable {
        case beforeItsJournal, replacing, idle, startToExec, running, exitToEnd
    }

    @Test func `killed at random moments and taken up, each job is in the result once`() throws {
        try killAndResume(fillsDisk: false)
    }

    @Test func `the same on a disk that is full at random moments`() throws {
        guard geteuid() == 0 else { try skip("only root can mount a small disk") }
        guard mount("none", scratch.path, "tmpfs", 0, "size=2m") == 0 else {
            try skip("no tmpfs can be mounted: \(errno)")
        }
        defer { umount2(scratch.path, Int32(MNT_DETACH)) }
        try killAndResume(fillsDisk: true)
    }

    private func killAndResume(fillsDisk: Bool) throws {
        let seed = SeededGenerator.newSeed()
        var dice = SeededGenerator(seed: seed)
        let logs = try ScratchDirectory()  // not on the disk that is full
        let count = 300
        let list = (1...count).map { number in
            let pause = number % 10 == 0 ? "0.05" : ""
            return #"{"name": "j\#(number)", "command": ["sh", "\#(logs.file("job"))", "\#(number)", "\#(pause)"]}"#
        }
        try logs.write(
            """
            echo "b $1 $PPID" >> "\(logs.file("log"))"
            if [ -n "$2" ]; then sleep "$2"; fi
            echo "e $1 $PPID" >> "\(logs.file("log"))"
            """, to: "job")
        let began = monotonicNanoseconds()
        #expect(try run(jobs("a")).status == .exited(0))
        let span = Double(monotonicNanoseconds() - began) / 1e9
        let file = try logs.write(list.joined(separator: "\n") + "\n", to: "jobs.jsonl")
        var seen: [Moment: Int] = [:]
        var kills = 0
        let wanted = Soak.count(50, long: 200)
        while kills < wanted {
            // A list that is done begins anew.
            for name in ["journal", "journal.1", "journal.new"] { unlink(scratch.file(name)) }
            unlink(logs.file("log"))
            var isDone = false
            while !isDone {
                let options = ["--resume", "--jobs", "3"]
                // Of a kill before this one.
                unlink(scratch.file("journal.new"))
                let notices = inotify_init1(Int32(IN_CLOEXEC))
                defer { close(notices) }
                inotify_add_watch(notices, scratch.path, UInt32(IN_CREATE))
                let child = try Child(arguments(file, options))
                if kills < wanted {
                    // Some while it begins, some as soon as it replaces the journal.
                    var pause = Double.random(in: 0...(kills % 3 == 0 ? 1 : 4) * span, using: &dice)
                    if kills % 5 == 4 {
                        var ready = pollfd(fd: notices, events: Int16(POLLIN), revents: 0)
                        poll(&ready, 1, 2_000)
                        pause /= 300
                    }
                    usleep(UInt32(pause * 5e5))
                    if fillsDisk { Self.fill(scratch.file("filler"), using: &dice) }
                    usleep(UInt32(pause * 5e5))
                    child.signal(SIGKILL)
                    let finish = try child.waitForExit()
                    if finish.status == .signaled(SIGKILL) {
                        kills += 1
                        for moment in try moments(logs) { seen[moment, default: 0] += 1 }
                    } else {
                        isDone = finish.status == .exited(0)
                    }
                    unlink(scratch.file("filler"))
                } else {
                    let finish = try child.wait()
                    #expect(finish.status == .exited(0), "seed \(seed): \(finish)")
                    isDone = true
                }
            }
            try CgroupTree.waitUntilChildless(tree)
            try expectOnce(count, seed)
        }
        let histogram = Moment.allCases.map { "\($0) \(seen[$0] ?? 0)" }.joined(separator: ", ")
        print("killed \(kills) times (seed \(seed)): \(histogram)")
        guard Soak.isLong, !fillsDisk else { return }
        for moment in [Moment.replacing, .startToExec, .exitToEnd] {
            #expect(seen[moment] ?? 0 >= 5, "seed \(seed): \(histogram)")
        }
    }

    /// Leaves a few kilobytes at most.
    private static func fill(_ path: String, using dice: inout SeededGenerator) {
        let filler = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(filler) }
        let block = [UInt8](repeating: 0, count: 4096)
        while write(filler, block, block.count) == block.count {}
        ftruncate(filler, max(0, lseek(filler, 0, SEEK_END) - off_t.random(in: 0...16_384, using: &dice)))
    }

    private func moments(_ logs: ScratchDirectory) throws -> Set<Moment> {
        if exists(scratch.file("journal.new")) { return [.replacing] }
        var state = JournalState()
        if exists(journal) { for entry in try Journal.read(journal) { state.apply(entry) } }
        guard let pid = state.unfinished?.pid else { return [.beforeItsJournal] }
        let marks = Set((contents(of: logs.file("log")) ?? "").split(separator: "\n").map(String.init))
        let running = state.running.keys.map { attempt -> Moment in
            if marks.contains("e \(attempt.id) \(pid)") { return .exitToEnd }
            return marks.contains("b \(attempt.id) \(pid)") ? .running : .startToExec
        }
        return running.isEmpty ? [.idle] : Set(running)
    }

    private func expectOnce(_ count: Int, _ seed: UInt64) throws {
        let names = try records().map(\.name)
        #expect(names.count == count && Set(names).count == count, "seed \(seed): \(names.count)")
        var state = JournalState()
        for entry in try Journal.read(journal) { state.apply(entry) }
        #expect(state.running.isEmpty && state.unfinished == nil, "seed \(seed)")
        let ended = state.ended.values.flatMap(\.self).map(\.name)
        #expect(ended.count == count && Set(ended).count == count, "seed \(seed): \(ended.count) in the journal")
    }
}
