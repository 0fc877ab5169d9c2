import CLinux
import Glibc
import SystemPackage

/// The output streams of one attempt: captured, copied on with a limit, or left to the program.
///
/// `@unchecked Sendable`: it is touched by the reactor's thread alone; other threads only get its `PumpedStream`s.
final class RunningOutput: @unchecked Sendable {
    private let plan: LaunchPlan
    private let reactor: Reactor
    private let threads: Threads
    private let budget: OutputBudget
    /// Called when the program wrote more than its limit, and when the last copying thread has ended.
    private let onExcess: () -> Void
    private let onDone: () -> Void

    private var streams: [Stream] = []
    /// Whether files that copied streams go to are still being opened.
    private(set) var isOpening = false
    private var isFinished = false
    /// Files that have their names only when they are whole.
    private let names: OutputNames
    private enum Naming { case due, underWay, done }
    private var naming = Naming.due
    /// What is left of them, by the names that they had before.
    private var paths: [String: String] = [:]
    private var grace: Reactor.Timer?
    /// What became of the streams without changing the outcome.
    private(set) var notes: [String] = []

    /// How long readers may still take what is on its way once the attempt was told to end.
    static let graceForReaders = Duration.seconds(1)

    private struct Stream {
        var output: Job.Output
        /// Its number in the program: 1 or 2.
        var number: Int32
        /// Who reads what the program writes; nil where it writes by itself.
        var reader: Reader?
        /// The end of the pipe that the program gets; ours until it runs.
        var writeEnd: Int32 = -1
        var isCopying = false
        /// The record of what was captured.
        var captured: Record.Stream?

        var name: String { number == 1 ? "stdout" : "stderr" }
    }

    private enum Reader {
        case capture(CaptureStream)
        case pump(PumpedStream)
    }

    init(
        _ plan: LaunchPlan, reactor: Reactor, threads: Threads, onExcess: @escaping () -> Void,
        onDone: @escaping () -> Void
    ) {
        self.plan = plan
        self.reactor = reactor
        self.threads = threads
        names = OutputNames(plan)
        budget = OutputBudget(limit: plan.outputLimit)
        self.onExcess = onExcess
        self.onDone = onDone
    }

    deinit { closePipes() }

    // MARK: Starting

    /// What the program gets as the stream of that number; nil for what the plan says.
    func writeEnd(_ number: Int32) -> Int32? {
        streams.first { $0.number == number && $0.writeEnd >= 0 }?.writeEnd
    }

    /// Makes the pipes that are needed.
    func connect() throws(KernelError) {
        try connect(plan.stdout, 1)
        if plan.stderr != .stdout { try connect(plan.stderr, 2) }
    }

    private func connect(_ output: Job.Output, _ number: Int32) throws(KernelError) {
        var stream = Stream(output: output, number: number)
        defer { streams.append(stream) }
        if case .capture(let cap) = output {
            let readEnd = try Self.makePipe(&stream.writeEnd)
            let capture = CaptureStream(readEnd: readEnd, cap: cap, budget: budget, reactor: reactor)
            try capture.start(onExcess: onExcess)
            stream.reader = .capture(capture)
        } else if plan.outputLimit != nil {
            stream.reader = .pump(try PumpedStream(readEnd: Self.makePipe(&stream.writeEnd), budget: budget))
        }
    }

    private static func makePipe(_ writeEnd: inout Int32) throws(KernelError) -> Descriptor {
        var ends: (read: Int32, write: Int32) = (-1, -1)
        let status = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: Int32.self, capacity: 2) { cgx_pipe($0) }
        }
        do throws(Errno) {
            try checked(status)
        } catch {
            throw KernelError(.open, "a pipe", error, cure: "Raise the limit of open files (ulimit -n)")
        }
        writeEnd = ends.write
        return Descriptor(owning: ends.read)
    }

    /// Opens what copied streams go to, and then calls `then` with what went wrong. On a thread: the opening of a FIFO
    /// may never return. A thread cannot be killed as a child can, so nobody waits for it once the attempt is to end.
    func openTargets(then: @escaping @Sendable (LaunchFailure?) -> Void) {
        let targets = streams.compactMap { stream in
            if case .pump(let pump) = stream.reader { (pump, target(of: stream)) } else { nil }
        }
        let open: @Sendable () -> LaunchFailure? = {
            for (pump, target) in targets {
                if let failure = target.open(for: pump) { return failure }
            }
            return nil
        }
        guard targets.contains(where: { $0.1.path != nil }) else { return then(open()) }
        isOpening = true
        let begun = threads.run { [self] in
            let failure = open()
            reactor.post { [self] in
                guard isOpening else { return }
                isOpening = false
                then(failure)
            }
        }
        if !begun {
            isOpening = false
            then(.noThread)
        }
    }

    /// No longer waits for the opening.
    func stopOpening() { isOpening = false }

    private func target(of stream: Stream) -> Target {
        guard case .file(let path, let flags) = Spawn.stream(stream.output) else {
            return Target(name: stream.name, path: nil, number: stream.number)
        }
        let place = path.hasPrefix("/") ? path : (plan.directory.map { $0 + "/" } ?? "") + path
        return Target(name: stream.name, path: place, flags: flags, number: stream.number)
    }

    /// Where a copied stream goes: a file, or what the program would have inherited.
    private struct Target: Sendable {
        var name: String
        var path: String?
        var flags: Int32 = 0
        var number: Int32

        /// Opens it; gives what went wrong.
        func open(for pump: PumpedStream) -> LaunchFailure? {
            do throws(Errno) {
                if let path {
                    pump.attach(try open(path))
                } else {
                    let number = number
                    pump.attach(Descriptor(owning: try systemCall { fcntl(number, F_DUPFD_CLOEXEC, 3) }))
                }
                return nil
            } catch {
                return LaunchFailure(
                    stage: "stdio", errno: Int(error.rawValue),
                    message: "cannot open \(path ?? "our own") for \(name): \(error)")
            }
        }

        private func open(_ path: String) throws(Errno) -> Descriptor {
            let (name, header) = (CStrings([path]), CStrings([Spawn.header(at: civilNow())]))
            var stream = cgx_stream()
            stream.path = name.pointers[0]
            stream.flags = flags | O_CLOEXEC
            if flags & O_APPEND != 0 { stream.header = header.pointers[0].map { UnsafePointer($0) } }
            let file = try systemCall { cgx_open_stream(&stream) }
            withExtendedLifetime((name, header)) {}
            return Descriptor(owning: file)
        }
    }

    /// Closes our copies of the program's ends, so that its streams can end.
    func closePipes() {
        for index in streams.indices where streams[index].writeEnd >= 0 {
            Glibc.close(streams[index].writeEnd)
            streams[index].writeEnd = -1
        }
    }

    /// Starts the copying, when the program runs. False when the system gives no thread: nobody would empty the pipe,
    /// and the program would wait for ever.
    func startCopying() -> Bool {
        for index in streams.indices {
            guard case .pump(let pump) = streams[index].reader else { continue }
            let begun = threads.run { [self] in
                pump.run { reactor.post { [self] in onExcess() } }
                reactor.post { [self] in copied(index) }
            }
            guard begun else { return false }
            streams[index].isCopying = true
        }
        return true
    }

    private func copied(_ index: Int) {
        guard streams[index].isCopying else { return }
        streams[index].isCopying = false
        if isComplete { onDone() }
    }

    // MARK: Ending

    /// Whether nothing more is to come.
    var isComplete: Bool { isFinished && !streams.contains(where: \.isCopying) }

    /// Gives the files their names when all is in them; true when that is done, or nothing is to be done, and otherwise says so by
    /// `onDone`. On a thread, as all that a file system may hold up.
    func settleNames(_ hasSucceeded: () -> Bool) -> Bool {
        if names.files.isEmpty { return true }
        guard naming == .due else { return naming == .done }
        naming = .underWay
        let succeeded = hasSucceeded()
        let begun = threads.run { [self] in
            let settled = names.settle(succeeded: succeeded)
            reactor.post { [self] in named(settled) }
        }
        if !begun { named(names.settle(succeeded: succeeded)) }
        return false
    }

    private func named(_ settled: OutputNames.Settled) {
        naming = .done
        paths = settled.paths
        notes += settled.troubles
        onDone()
    }

    /// Reads what is left in captured streams, and has the copying threads end when they have copied what is left.
    func finish() {
        for index in streams.indices {
            switch streams[index].reader {
            case .capture(let capture): streams[index].captured = capture.finish(onExcess: onExcess)
            case .pump(let pump): pump.finish()
            case nil: break
            }
        }
        isFinished = true
    }

    /// Gives readers a grace, after which the rest of the output is lost. Without this, one who does not read delays
    /// the end as long as it would delay that of the program.
    func hurry() {
        guard isFinished, !isComplete, grace == nil else { return }
        grace = reactor.schedule(at: monotonicNow().advanced(by: Self.graceForReaders)) { [unowned self] in abandon() }
    }

    private func abandon() {
        for index in streams.indices where streams[index].isCopying {
            if case .pump(let pump) = streams[index].reader { pump.abandon() }
            // Without waiting for the thread: a write may hang in ways that no poll foretells.
            streams[index].isCopying = false
            let grace = Self.graceForReaders.forPeople
            notes.append("the end of its \(streams[index].name) was lost: nobody took it within \(grace)")
        }
        onDone()
    }

    /// The record of the stream of that number, when all is complete.
    func record(_ number: Int32) -> Record.Stream? {
        guard let stream = streams.first(where: { $0.number == number }) else { return nil }
        switch stream.reader {
        case .capture: return stream.captured
        case .pump(let pump):
            var record = Record.Stream(path: path(stream))
            record.bytes = pump.bytes
            return record
        case nil: return path(stream).map { Record.Stream(path: $0) }
        }
    }

    private func path(_ stream: Stream) -> String? {
        guard let path = stream.output.path, names.files.contains(path) else { return stream.output.path }
        return paths[path]
    }

    /// Lets go of what would still call back.
    func close() {
        if let grace { reactor.cancel(grace) }
    }
}
