/// What one pool learns, on its way into the file: kept until there is enough of it, then written by a thread of its own,
/// so that no timeout ever waits for a slow disk.
///
/// `@unchecked Sendable`: all state is behind the monitor's lock.
final class LearnedStore: @unchecked Sendable {
    private let file: LearnedFile
    /// The kind of this host.
    let host: String
    private let threads = Threads()
    private let monitor = Monitor()
    private var waiting: [MemoryModel.Sample] = []
    private var isWriting = false
    /// So many are worth writing.
    private var enough = portion

    /// So many at a time: that bounds what is held in memory, and what is lost when this process is killed.
    private static let portion = 1000

    init(_ file: LearnedFile, host: String) {
        self.file = file
        self.host = host
    }

    /// What is known at the beginning.
    func open() throws(LearnedFileError) -> LearnedNeeds {
        let needs = try file.read()
        try file.checkWritable()
        return needs
    }

    /// Takes in what an attempt showed.
    func append(_ sample: MemoryModel.Sample) {
        let mustStart = monitor.withLock {
            waiting.append(sample)
            guard waiting.count >= enough, !isWriting else { return false }
            isWriting = true
            return true
        }
        guard mustStart else { return }
        let begun = threads.run { [self] in
            let failed = (try? write()) == nil
            stopWriting(failed: failed)
        }
        if !begun { stopWriting(failed: true) }
    }

    /// Writes down the rest.
    func finish() throws(LearnedFileError) {
        monitor.withLock { while isWriting { monitor.wait() } }
        threads.close()
        try write()
    }

    private func stopWriting(failed: Bool) {
        monitor.withLock {
            isWriting = false
            // What could not be written stays for the end, and is not tried again with each that comes.
            enough = failed ? waiting.count * 2 : Self.portion
            monitor.broadcast()
        }
    }

    private func write() throws(LearnedFileError) {
        let samples = monitor.withLock { waiting }
        guard !samples.isEmpty else { return }
        try file.update { $0.learn(samples, on: host, at: civilNow()) }
        monitor.withLock { waiting.removeFirst(samples.count) }
    }
}
