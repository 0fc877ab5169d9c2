import CLinux
import Glibc
import SystemPackage

/// Starts one program; runs on a thread that may block, since opening a file or `exec` may hang.
struct Spawn: Sendable {
    /// What to run and with what.
    var plan: LaunchPlan
    /// The leaf's directory, or the inner one of a delegated leaf; nil without a cgroup.
    var cgroup: Int32?
    /// Whether the child writes itself into `cgroup.procs` instead of being cloned into the leaf.
    var entersByItself = false
    /// Pipes that take the place of the plan's stdout and stderr.
    var stdout: Int32?
    var stderr: Int32?
    var affinity: CPUSet?
    var signals: SignalState
    /// The search path for a program without a slash, when the environment has none.
    static let usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    enum Result: Sendable {
        case running(pid: Int32, pidfd: Int32, started: Instant)
        case failed(LaunchFailure, started: Instant?)
        /// The kernel killed the child at birth: this process lives in a cgroup that was once killed, and kernels
        /// of 2025 and later then kill whatever it clones into another. Entering by `cgroup.procs` works.
        case killedAtBirth
    }

    func run() -> Result {
        do throws(SpawnError) {
            return try start()
        } catch {
            return .failed(
                LaunchFailure(stage: error.stage, errno: Int(error.errno.rawValue), message: error.message),
                started: nil)
        }
    }

    private struct SpawnError: Error {
        var stage: String
        var errno: Errno
        var message: String
    }

    private func start() throws(SpawnError) -> Result {
        var owned: [Int32] = []
        defer { for descriptor in owned { close(descriptor) } }
        let output = try stream(of: plan.stdout, pipe: stdout, inherited: 1, &owned)
        let error =
            try plan.stderr == .stdout ? .descriptor(1) : stream(of: plan.stderr, pipe: stderr, inherited: 2, &owned)
        let streams = [input, output, error]
        let header = CStrings([Self.header(at: civilNow())])
        let paths = CStrings(streams.map { Array(($0.path ?? "").utf8) })
        let procs = try openProcs()
        if procs >= 0 { owned.append(procs) }

        let arguments = CStrings(plan.command)
        let environment = CStrings(plan.environment)
        let candidates = CStrings(Self.candidates(for: plan.command[0], environment: plan.environment))
        let shell = CStrings([Array("/bin/sh".utf8), []] + plan.command.dropFirst())
        let directory = CStrings(plan.directory.map { [Array($0.utf8)] } ?? [])
        let oomScore = CStrings(plan.oomScore.flatMap { OOMScore.adjustment($0) }.map { ["\($0)"] } ?? [])
        let limits = Self.resourceLimits(files: plan.files, core: plan.core)
        let mask = affinity.map { set in set.words.map { UInt($0) } }

        var request = cgx_spawn()
        request.argv = UnsafePointer(arguments.pointers)
        request.shell_argv = shell.pointers
        request.envp = UnsafePointer(environment.pointers)
        request.cwd = UnsafePointer(directory.pointers[0])
        let stdio = streams.enumerated().map { index, stream in
            cgx_stream(
                path: stream.path == nil ? nil : paths.pointers[index], flags: stream.flags,
                header: stream.flags & O_APPEND == 0 ? nil : header.pointers[0].map { UnsafePointer($0) },
                fd: stream.descriptor)
        }
        request.stdio = (stdio[0], stdio[1], stdio[2])
        request.cgroup_fd = entersByItself ? -1 : cgroup ?? -1
        request.procs_fd = procs
        switch plan.session {
        case .inherit: request.session = cgx_session_inherit
        case .group: request.session = cgx_session_group
        case .new: request.session = cgx_session_new
        }
        request.close_others = plan.session == .new ? 1 : 0
        request.signal_mask = signals.blocked
        request.ignored_signals = signals.ignored
        request.oom_score_adj = UnsafePointer(oomScore.pointers[0])

        var spawned = cgx_spawned()
        let started = monotonicNow()
        candidates.withConstPointers { candidates in
            limits.withUnsafeBufferPointer { limits in
                (mask ?? []).withUnsafeBufferPointer { words in
                    request.candidates = candidates
                    request.rlimits = limits.baseAddress
                    request.rlimit_count = limits.count
                    request.affinity = mask == nil ? nil : words.baseAddress
                    request.affinity_bytes = words.count * 8
                    cgx_spawn(&request, &spawned)
                }
            }
        }
        withExtendedLifetime((arguments, environment, candidates, shell, directory, paths, header, oomScore)) {}
        return result(of: spawned, started: started)
    }

    private func result(of spawned: cgx_spawned, started: Instant) -> Result {
        let stage = UInt32(spawned.stage)
        if spawned.error == 0 && stage == cgx_stage_exec.rawValue {
            return .running(pid: spawned.pid, pidfd: spawned.pidfd, started: started)
        }
        if spawned.pidfd >= 0 {
            var status = cgx_wait()
            _ = cgx_wait_pidfd(spawned.pidfd, 0, &status)
            close(spawned.pidfd)
            if spawned.error == 0 && stage == cgx_stage_unborn.rawValue && !entersByItself { return .killedAtBirth }
        }
        let stageName = String(cString: cgx_stage_name(spawned.stage))
        let error = Errno(rawValue: spawned.error)
        let killed = spawned.error == 0 && spawned.pidfd >= 0
        return .failed(
            LaunchFailure(
                stage: stageName, errno: killed ? nil : Int(spawned.error),
                message: killed ? "it was killed before its program started" : message(spawned, error)),
            started: started)
    }

    private func message(_ spawned: cgx_spawned, _ error: Errno) -> String {
        let stage = UInt32(spawned.stage)
        let program = String(decoding: plan.command[0], as: UTF8.self)
        switch (stage, error) {
        case (cgx_stage_exec.rawValue, .noSuchFileOrDirectory):
            return program.contains("/")
                ? "cannot run \(program): \(error). Check the path, and the interpreter in its first line"
                : "cannot run \(program): not found in PATH"
        case (cgx_stage_exec.rawValue, .permissionDenied):
            return "cannot run \(program): \(error). It needs execute permission, and a file system without noexec"
        case (cgx_stage_exec.rawValue, .argListTooLong):
            return
                "cannot run \(program): \(error). The kernel takes 128 KiB an argument and a quarter of the stack limit in all:"
                + " pass a file, or stdin"
        case (cgx_stage_exec.rawValue, _): return "cannot run \(program): \(error)"
        case (cgx_stage_cwd.rawValue, _): return "cannot enter \(plan.directory ?? "."): \(error)"
        case (cgx_stage_stdio.rawValue, _):
            let name = ["stdin", "stdout", "stderr"][Int(spawned.stream)]
            return "cannot open \(path(of: spawned.stream) ?? "a descriptor") for \(name): \(error)"
        case (cgx_stage_clone.rawValue, _):
            return KernelError(.start, "a process in its leaf", error).description
        case (cgx_stage_rlimit.rawValue, .notPermitted), (cgx_stage_rlimit.rawValue, .invalidArgument):
            return
                "cannot set the resource limits: \(error). They are above the hard limits (ulimit -H -n, ulimit -H -c)"
        case (cgx_stage_affinity.rawValue, .invalidArgument):
            return "cannot bind to CPUs \(affinity?.description ?? ""): none of them may be used here"
        default: return "cannot set up the process at '\(String(cString: cgx_stage_name(Int32(stage))))': \(error)"
        }
    }

    // MARK: Streams

    /// What becomes a standard stream of the program.
    enum Stream {
        case keep
        case descriptor(Int32)
        /// Opened by the child, in its directory.
        case file(String, Int32)

        var path: String? { if case .file(let path, _) = self { path } else { nil } }
        var flags: Int32 { if case .file(_, let flags) = self { flags } else { 0 } }
        var descriptor: Int32 { if case .descriptor(let descriptor) = self { descriptor } else { -1 } }
    }

    private var input: Stream {
        switch plan.stdin {
        case .inherit: .keep
        case .null: .file("/dev/null", O_RDONLY)
        case .file(let path): .file(path, O_RDONLY)
        }
    }

    private func stream(
        of output: Job.Output, pipe: Int32?, inherited: Int32, _ owned: inout [Int32]
    ) throws(SpawnError) -> Stream {
        guard let pipe else { return Self.stream(output) }
        let writeEnd = try duplicate(pipe, inherited == 1 ? "stdout" : "stderr")
        owned.append(writeEnd)
        return .descriptor(writeEnd)
    }

    static func stream(_ output: Job.Output) -> Stream {
        switch output {
        case .inherit, .capture, .stdout: .keep
        case .discard: .file("/dev/null", O_WRONLY)
        case .file(let path): .file(path, O_WRONLY | O_CREAT | O_TRUNC)
        case .append(let path): .file(path, O_WRONLY | O_CREAT | O_APPEND)
        }
    }

    /// The line that goes before new output in a file that has some already.
    static func header(at time: Timestamp) -> String {
        let (date, clock) = (time.description.prefix(10), time.description.dropFirst(11).prefix(8))
        return "# ----- \(date) \(clock) \(String(repeating: "-", count: 30))\n"
    }

    private func path(of stream: Int32) -> String? {
        [input, Self.stream(plan.stdout), Self.stream(plan.stderr)][Int(stream)].path
    }

    private func openProcs() throws(SpawnError) -> Int32 {
        guard entersByItself, let cgroup else { return -1 }
        do throws(Errno) {
            return try above(Descriptor.open("cgroup.procs", in: cgroup, O_WRONLY))
        } catch {
            throw SpawnError(stage: "cgroup", errno: error, message: "cannot open the leaf's cgroup.procs: \(error)")
        }
    }

    private func duplicate(_ descriptor: Int32, _ stream: String) throws(SpawnError) -> Int32 {
        do throws(Errno) {
            return try systemCall { fcntl(descriptor, F_DUPFD_CLOEXEC, 3) }
        } catch {
            throw SpawnError(stage: "stdio", errno: error, message: "cannot duplicate \(stream): \(error)")
        }
    }

    /// The same file at a number of 3 or more, so that no `dup2` onto 0, 1 or 2 can hit a source.
    private func above(_ descriptor: consuming Descriptor) throws(Errno) -> Int32 {
        let raw = descriptor.release()
        guard raw < 3 else { return raw }
        let low = Descriptor(owning: raw)
        return try systemCall { fcntl(low.raw, F_DUPFD_CLOEXEC, 3) }
    }

    // MARK: Values

    /// The paths to try for a program, as execvp(3) searches them.
    static func candidates(for program: [UInt8], environment: [[UInt8]]) -> [[UInt8]] {
        let slash = UInt8(ascii: "/")
        guard !program.contains(slash), !program.isEmpty else { return [program] }
        let name = Array("PATH=".utf8)
        let path = environment.last { $0.starts(with: name) }?.dropFirst(name.count) ?? Array(usualPath.utf8)[...]
        return path.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { directory in
            directory.isEmpty ? program : directory + [slash] + program
        }
    }

    static func resourceLimits(files: Int?, core: ByteSize?) -> [cgx_rlimit] {
        var limits: [cgx_rlimit] = []
        if let files {
            limits.append(cgx_rlimit(resource: Int32(cgx_rlimit_nofile), soft: UInt64(files), hard: UInt64(files)))
        }
        if let core { limits.append(cgx_rlimit(resource: Int32(cgx_rlimit_core), soft: core.bytes, hard: core.bytes)) }
        return limits
    }
}

/// A NULL-terminated array of C strings that lives as long as the object.
final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int
    private let text: UnsafeMutablePointer<CChar>

    init(_ strings: [[UInt8]]) {
        count = strings.count
        pointers = .allocate(capacity: count + 2)
        text = .allocate(capacity: strings.reduce(0) { $0 + $1.count + 1 })
        var next = text
        for (index, string) in strings.enumerated() {
            (pointers + index).initialize(to: next)
            string.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: next, count: $0.count).copyMemory(from: $0) }
            next[string.count] = 0
            next += string.count + 1
        }
        // Two, so that the first of an empty array is NULL as well.
        (pointers + count).initialize(repeating: nil, count: 2)
    }

    convenience init(_ strings: [String]) { self.init(strings.map { Array($0.utf8) }) }

    deinit {
        text.deallocate()
        pointers.deallocate()
    }

    func withConstPointers<Result>(_ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result) -> Result {
        pointers.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: count + 1) { body($0) }
    }
}
