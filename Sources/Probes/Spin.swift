import CProbe
import Glibc

/// Burns CPU time and tells what the processes' own clocks counted.
enum Spin {
    static let command = Command(
        name: "spin",
        synopsis: "(--cpu TIME | --wall TIME) [--threads N] [--children N] [--orphan] [--report FILE]",
        summary: """
            Burn CPU: --cpu TIME of CPU time in each thread, or until --wall TIME has passed, in N threads of this process
            or of each of N children. One line a process with its clocks, then one with the sum.
            --orphan: the parent leaves when all have reported, and waits for none.
            --report FILE: each process also appends its line to FILE as the last thing it does;
            with --orphan the parent then leaves at once, without a word from them.
            """,
        run: run
    )

    private static func run(_ arguments: inout Arguments) throws(Failure) -> Int32 {
        let cpu = try arguments.time(option: "--cpu")
        let wall = try arguments.time(option: "--wall")
        let threads = try arguments.count(option: "--threads", in: 1...1_000) ?? 1
        let count = try arguments.count(option: "--children", in: 1...1_000)
        let orphan = arguments.flag("--orphan")
        let path = try arguments.option("--report")
        try arguments.finish()
        let amount: Burner.Amount
        switch (cpu, wall) {
        case (let cpu?, nil): amount = .cpu(cpu)
        case (nil, let wall?): amount = .wall(wall)
        default: throw arguments.usage("one of --cpu and --wall is needed")
        }
        if orphan && count == nil { throw arguments.usage("--orphan needs --children") }
        let file = try path.map { path throws(Failure) in try append(path) }

        guard let count else {
            let clocks = try Burner.burn(amount, threads: threads)
            return try finish(Clocks(role: "parent", threads: clocks), children: [], file)
        }
        var children: [Child] = []
        for _ in 0..<count {
            children.append(try Child.start { report in burnInChild(amount, threads, report, file) })
        }
        if orphan && file != nil { return try finish(Clocks(role: "parent", threads: []), children: [], file) }

        var reports: [Clocks] = []
        for child in children {
            if let clocks = Clocks(pid: child.pid, words: child.receive()) { reports.append(clocks) }
        }
        let failed = orphan ? [] : children.filter { $0.wait().status != 0 }
        let status = try finish(Clocks(role: "parent", threads: []), children: reports, file)
        return failed.isEmpty && reports.count == count ? status : 1
    }

    private static func burnInChild(
        _ amount: Burner.Amount, _ threads: Int, _ report: Int32, _ file: Int32?
    ) -> Int32 {
        do throws(Failure) {
            let clocks = Clocks(role: "child", threads: try Burner.burn(amount, threads: threads))
            if let file { try Output.report(clocks.json, to: file) }
            Child.send(clocks.words, to: report)
            return 0
        } catch {
            Output.complain(error)
            return 1
        }
    }

    private static func finish(_ own: Clocks, children: [Clocks], _ file: Int32?) throws(Failure) -> Int32 {
        for clocks in children { try Output.report(clocks.json) }
        try Output.report(own.json)
        let sum = children.reduce(own.process) { $0 + $1.process }
        try Output.report(.object([("processes", .int(children.count + 1)), ("cpuSeconds", .seconds(sum))]))
        if let file { try Output.report(own.json, to: file) }
        return 0
    }

    private static func append(_ path: String) throws(Failure) -> Int32 {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw .system("open", path) }
        return file
    }
}

/// What one process' clocks counted, read at the last moment.
private struct Clocks {
    let role: String
    let pid: pid_t
    let process: UInt64
    let threads: [Burner.Thread]

    init(role: String, threads: [Burner.Thread]) {
        self.role = role
        self.threads = threads
        pid = getpid()
        process = Clock.now(CLOCK_PROCESS_CPUTIME_ID)
    }

    /// From what a child sent; nil if it ended before it could.
    init?(pid: pid_t, words: [UInt64]) {
        guard let process = words.first else { return nil }
        self.pid = pid
        self.process = process
        role = "child"
        threads = stride(from: 1, to: words.count - 1, by: 2).map {
            Burner.Thread(id: pid_t(words[$0]), nanoseconds: words[$0 + 1])
        }
    }

    var words: [UInt64] { [process] + threads.flatMap { [UInt64($0.id), $0.nanoseconds] } }

    var json: JSON {
        let threads = threads.map { thread in
            JSON.object([("tid", .int(thread.id)), ("cpuSeconds", .seconds(thread.nanoseconds))])
        }
        return .object([
            ("pid", .int(pid)), ("role", .string(role)), ("cpuSeconds", .seconds(process)),
            ("threads", .array(threads)),
        ])
    }
}
