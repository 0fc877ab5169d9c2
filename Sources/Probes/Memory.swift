import CProbe
import Glibc

/// Touches anonymous or shared memory, tells how much, holds it.
enum Memory {
    static let command = Command(
        name: "memory",
        synopsis: "SIZE [--rate SIZE/s] [--hold TIME] [--in-child | --children N] [--shared] [--warm]",
        summary: """
            Touch SIZE of anonymous memory (--shared: of shmem), page by page, with data that does not compress; report;
            hold. --in-child: one child does it; --children N: N children, SIZE each; the parent waits for them.
            --warm: first read the whole executable, so that a later run is not charged for its page cache;
            `memory 0 --warm` outside of the cgroup under test does nothing else.
            """,
        run: run
    )

    private struct Load {
        let bytes: Int
        let rate: Int?
        let shared: Bool
    }

    private static func run(_ arguments: inout Arguments) throws(Failure) -> Int32 {
        let rate = try arguments.rate(option: "--rate")
        let hold = try arguments.time(option: "--hold") ?? 0
        let inChild = arguments.flag("--in-child")
        let children = try arguments.count(option: "--children", in: 1...1_000)
        let shared = arguments.flag("--shared")
        let warm = arguments.flag("--warm")
        let bytes = try arguments.size(operand: "SIZE")
        try arguments.finish()
        if inChild && children != nil { throw arguments.usage("--in-child and --children exclude each other") }

        let warmed = warm ? try readExecutable() : nil
        let load = Load(bytes: bytes, rate: rate, shared: shared)
        if let count = children ?? (inChild ? 1 : nil) {
            return try runChildren(count, load, hold, warmed)
        }
        let (touched, error) = touch(load)
        try report([process(getpid(), touched, error)], touched, load, warmed)
        Clock.sleep(for: hold)
        return error == nil ? 0 : 1
    }

    private static func runChildren(
        _ count: Int, _ load: Load, _ hold: UInt64, _ warmed: Int?
    ) throws(Failure) -> Int32 {
        var release: [Int32] = [-1, -1]
        guard probe_pipe(&release) == 0 else { throw .system("pipe", "to release the children") }
        var children: [Child] = []
        for _ in 0..<count {
            children.append(
                try Child.start { report in
                    close(release[1])
                    let (touched, error) = touch(load)
                    Child.send([UInt64(touched), UInt64(error ?? 0)], to: report)
                    // Held together from the last one's report on. If the parent is killed the child holds just the
                    // same: a probe that left by itself would prove nothing about who ended it.
                    var byte: UInt8 = 0
                    while read(release[0], &byte, 1) < 0 && errno == EINTR {}
                    Clock.sleep(for: hold)
                    return error == nil ? 0 : 1
                })
        }
        var processes: [JSON] = []
        var total = 0
        var lost: [pid_t] = []
        for child in children {
            let words = child.receive()
            if words.count == 2 {
                total += Int(words[0])
                processes.append(process(child.pid, Int(words[0]), words[1] == 0 ? nil : Int32(words[1])))
            } else {
                lost.append(child.pid)
                let signal = child.wait().signal.map { JSON.string(Signals.name($0)) }
                processes.append(.object([("pid", .int(child.pid)), ("signal", signal)]))
            }
        }
        try report(processes, total, load, warmed)
        close(release[1])
        let failed = children.filter { !lost.contains($0.pid) && $0.wait().status != 0 }
        return lost.isEmpty && failed.isEmpty ? 0 : 1
    }

    /// What was touched; an errno if the kernel gave no address space.
    private static func touch(_ load: Load) -> (touched: Int, errno: Int32?) {
        let region: UnsafeMutableRawBufferPointer
        do throws(Failure) {
            region = try Mapping.make(bytes: load.bytes, shared: load.shared)
        } catch {
            guard case .system(_, _, let number) = error else { return (0, EINVAL) }
            return (0, number)
        }
        var noise = Noise(seed: UInt64(getpid()) << 1)
        let step = load.rate.map { max(Mapping.pageSize, $0 / 100 / Mapping.pageSize * Mapping.pageSize) }
        let start = Clock.now()
        var touched = 0
        while touched < region.count {
            let end = min(region.count, touched + (step ?? region.count))
            noise.fill(UnsafeMutableRawBufferPointer(rebasing: region[touched..<end]))
            touched = end
            if let rate = load.rate {
                // At most a century, as every time here: more would not fit.
                let elapsed = min(Double(touched) / Double(rate), Units.century)
                Clock.sleep(until: start + UInt64(elapsed * 1e9))
            }
        }
        return (touched, nil)
    }

    private static func process(_ pid: pid_t, _ touched: Int, _ error: Int32?) -> JSON {
        .object([("pid", .int(pid)), ("touchedBytes", .int(touched))] + JSON.failure(error))
    }

    private static func report(
        _ processes: [JSON], _ total: Int, _ load: Load, _ warmed: Int?
    ) throws(Failure) {
        try Output.report(
            .object([
                ("touchedBytes", .int(total)), ("kind", .string(load.shared ? "shmem" : "anon")),
                ("processes", .array(processes)), ("warmedBytes", warmed.map { .int($0) }),
            ]))
    }

    private static func readExecutable() throws(Failure) -> Int {
        let path = "/proc/self/exe"
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system("open", path) }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 32 << 10)
        var bytes = 0
        while true {
            let count = read(file, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count > 0 { bytes += count } else if errno != EINTR { throw .system("read", path) }
        }
    }
}
