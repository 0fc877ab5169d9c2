import Glibc

/// Whom the kernel ends first when the memory of a packed pool runs out before we could take a job back: who was told to
/// be likelier by proc(5)'s `oom_score_adj`, which children inherit.
enum OOMScore {
    private static let highest = 1000

    /// What a program is to have that is so much likelier to be ended than we are; nil where the kernel does not tell
    /// ours.
    static func adjustment(_ more: Int) -> Int? { ours.map { min(highest, $0 + more) } }

    private static var ours: Int? {
        readFile("/proc/self/oom_score_adj").flatMap { Int($0.prefix { $0 != "\n" }) }
    }

    /// Sets it for what is in `leaf`, a directory. Processes that are born meanwhile are found by looking again.
    static func set(_ value: Int, forAllIn leaf: Int32) {
        var done: Set<Int32> = []
        for _ in 0..<4 {
            let new = processes(in: leaf).filter { done.insert($0).inserted }
            if new.isEmpty { return }
            // A directory stays that of the process by whose number it was opened. So of those that are still in the leaf
            // then, none is another's who has the number now. As many at a time as there are surely descriptors for.
            for start in stride(from: 0, to: new.count, by: portion) {
                var directories: [(process: Int32, directory: Int32)] = []
                for process in new[start..<min(start + portion, new.count)] {
                    let directory = open("/proc/\(process)", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                    if directory >= 0 { directories.append((process, directory)) }
                }
                let present = Set(processes(in: leaf))
                for (process, directory) in directories {
                    let owned = Descriptor(owning: directory)
                    guard present.contains(process) else { continue }
                    try? Descriptor.open("oom_score_adj", in: owned.raw, O_WRONLY).write("\(value)")
                }
            }
        }
    }

    private static let portion = 128

    private static func processes(in leaf: Int32) -> [Int32] {
        let text = (try? Descriptor.open("cgroup.procs", in: leaf, O_RDONLY).readControl()) ?? ""
        return text.split(separator: "\n").compactMap { Int32($0) }
    }
}

extension LinuxKernel {
    /// What a delegated job has moved to cgroups of its own keeps what it has.
    func spare(_ id: AttemptID) {
        guard let attempt = attempts[id] else { return }
        attempt.isSpared = true
        guard attempt.pidfd != nil, attempt.leaf != nil, let value = OOMScore.adjustment(0) else { return }
        if let leaf = attempt.leaf?.entrance { OOMScore.set(value, forAllIn: leaf) }
    }
}
