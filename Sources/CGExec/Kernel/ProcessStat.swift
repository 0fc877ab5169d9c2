/// What `/proc/PID/stat` says of a process (proc_pid_stat(5)).
struct ProcessStat {
    /// `R`, `S`, `Z` and so on.
    let state: String
    let parent: Int32
    /// Ticks from the boot to its start: with the number, this names one process of this boot.
    let started: UInt64

    /// Nil when there is no such process.
    init?(of process: Int32) {
        // The name in parentheses may hold anything.
        guard let text = readFile("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 20, let parent = Int32(fields[2]), let started = UInt64(fields[20]) else { return nil }
        state = String(fields[1])
        self.parent = parent
        self.started = started
    }

    /// Whether it has ended, and only its parent has not asked how.
    var isDead: Bool { state == "Z" || state == "X" }
}
