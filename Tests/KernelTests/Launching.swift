import CLinux
import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// How a program starts, or does not.
    @Suite(.scratchCgroup) struct Launching {
        private func expectFailure(_ job: Job, stage: String, errno: Int32, _ words: String) async throws {
            let base = try ScratchCgroup.current().path
            let record = try await InProcess.record(of: job, at: base)
            #expect(record.outcome.kind == .launchError, "\(record.outcome)")
            #expect(record.outcome.stage == stage, "\(record.outcome)")
            #expect(record.outcome.errno == Int(errno), "\(record.outcome)")
            #expect(record.outcome.message?.contains(words) == true, "\(record.outcome)")
            #expect(CgroupTree.children(of: base).isEmpty, "nothing is left")
        }

        @Test func `a missing program`() async throws {
            try await expectFailure(
                Job("x", ["no-such-program-anywhere"]), stage: "exec", errno: ENOENT,
                "no-such-program-anywhere: not found in PATH")
            try await expectFailure(Job("x", ["/no/such/program"]), stage: "exec", errno: ENOENT, "/no/such/program")
        }

        @Test func `a program that is not executable`() async throws {
            let folder = try ScratchDirectory()
            let plain = try folder.write("echo\n", to: "plain")
            try await expectFailure(Job("x", [plain]), stage: "exec", errno: EACCES, "execute permission")
        }

        @Test func `a bad interpreter`() async throws {
            let folder = try ScratchDirectory()
            let script = try folder.write("#!/no/such/interpreter\n", to: "script", mode: 0o755)
            try await expectFailure(
                Job("x", [script]), stage: "exec", errno: ENOENT, "the interpreter in its first line")
        }

        @Test func `a missing directory`() async throws {
            try await expectFailure(
                Job("x", ["true"], directory: "/no/such/folder"), stage: "cwd", errno: ENOENT, "/no/such/folder")
        }

        @Test func `an unreadable stdin`() async throws {
            try await expectFailure(
                Job("x", ["true"], stdin: .file("/no/such/input")), stage: "stdio", errno: ENOENT,
                "/no/such/input for stdin")
        }

        @Test func `an unwritable stdout`() async throws {
            try await expectFailure(
                Job("x", ["true"], stdout: .file("/dev/null/folder/output")), stage: "stdio", errno: ENOTDIR,
                "/dev/null/folder/output for stdout")
        }

        @Test func `an argument list that is too long`() async throws {
            let argument = String(repeating: "x", count: 200_000)
            try await expectFailure(Job("x", ["true", argument]), stage: "exec", errno: E2BIG, "128 KiB an argument")
        }

        @Test func `resource limits above the hard ones`() async throws {
            var job = Job("x", ["true"])
            job.limits.files = 1 << 40
            try await expectFailure(job, stage: "rlimit", errno: EPERM, "ulimit -H -n")
        }

        @Test func `a cgroup that cannot be entered`() async throws {
            let base = try Cgroup.open(ScratchCgroup.current().path)
            let leaf = try base.makeChild("removed")
            try base.removeChild("removed")
            var spawn = Spawn(plan: LaunchPlan(["true"]), signals: SignalState())
            spawn.cgroup = leaf.directory.raw
            guard case .failed(let plain, _) = spawn.run() else {
                Issue.record("it started")
                return
            }
            #expect(plain.stage == "clone" && [ENODEV, ENOENT].contains(Int32(plain.errno ?? 0)), "\(plain)")

            spawn.entersByItself = true
            guard case .failed(let fallback, _) = spawn.run() else {
                Issue.record("it started")
                return
            }
            #expect(fallback.stage == "cgroup", "\(fallback)")
        }

        @Test(.needs(.controller("memory"))) func `a leaf with divided children cannot be entered`() async throws {
            let base = try ScratchCgroup.current().make("divided")
            try #require(CgroupTree.write("+memory", to: base + "/cgroup.subtree_control") == 0)
            let directory = try Descriptor.open(base, O_RDONLY | O_DIRECTORY)
            var spawn = Spawn(plan: LaunchPlan(["true"]), signals: SignalState())
            spawn.cgroup = directory.raw
            guard case .failed(let failure, _) = spawn.run() else {
                Issue.record("it started")
                return
            }
            #expect(failure.stage == "clone" && failure.errno == Int(EBUSY), "\(failure)")
            #expect(failure.message.contains("controllers enabled for children"), "\(failure)")
        }

        @Test func `a program gets exactly three descriptors and a session of its own`() async throws {
            let base = try ScratchCgroup.current().path
            // Two that a careless library would pass on: without close-on-exec.
            let inherited = (open("/dev/null", O_RDONLY), open("/etc/passwd", O_RDONLY))
            defer { _ = close(inherited.0) + close(inherited.1) }
            let record = try await InProcess.record(of: Job("viewer", try Programs.probe("view")), at: base)
            let report = try Report(record)
            #expect(report.descriptors?.keys.sorted() == ["0", "1", "2"], "\(report.descriptors ?? [:])")
            #expect(report.descriptors?["0"] == "/dev/null")
            #expect(report.sid == report.pgid && report.sid != getsid(0))
        }

        @Test func `ignored signals stay ignored, caught ones do not, the mask is the caller's`() async throws {
            let base = try ScratchCgroup.current().path
            signal(SIGUSR1, SIG_IGN)
            signal(SIGUSR2) { _ in }
            defer {
                signal(SIGUSR1, SIG_DFL)
                signal(SIGUSR2, SIG_DFL)
            }
            let (usr1, usr2, winch) = (UInt64(1) << 9, UInt64(1) << 11, UInt64(1) << 27)
            let text = try await onOwnThread {
                let reactor = try Reactor()
                let job = Job("viewer", try Programs.probe("view"))
                let purpose = PoolSetup.Purpose(jobs: [job], plansMemory: false, signals: SignalState(blocked: winch))
                let configuration = PoolConfiguration(jobs: .count(1))
                let setup = try PoolSetup(configuration, for: purpose, at: .find(requested: base), reactor: reactor)
                let pool = PoolRun(setup, reactor: reactor)
                var text: String?
                pool.onRecord = { text = $0.output?.stdout?.text }
                _ = pool.submit(job)
                try pool.run()
                pool.close()
                return text
            }
            let report = try Report(#require(text))
            let signals = try #require(report.signals)
            func bits(_ text: String) -> UInt64 { UInt64(text, radix: 16) ?? 0 }
            #expect(bits(signals.blocked) == winch)
            #expect(bits(signals.ignored) & usr1 != 0)
            #expect(bits(signals.ignored) & usr2 == 0 && bits(signals.caught) & usr2 == 0)
        }

        @Test func `files and core are limited`() async throws {
            let base = try ScratchCgroup.current().path
            var job = Job("opener", try Programs.probe("files", "200"))
            job.limits.files = 64
            let opener = try await InProcess.record(of: job, at: base)
            let report = try Report(opener)
            #expect(report.opened == 61 && report.errno == EMFILE, "64 without its three streams")
            #expect(opener.enforcement["files"] == .rlimit)

            job.command = try Programs.probe("view")
            job.limits.core = ByteSize(0)
            let viewer = try await InProcess.record(of: job, at: base)
            let limits = try Report(viewer).limits
            #expect(limits?["core"]?.soft == .number(0) && limits?["core"]?.hard == .number(0))
            #expect(limits?["nofile"]?.soft == .number(64) && limits?["nofile"]?.hard == .number(64))
            #expect(viewer.enforcement["core"] == .rlimit)
        }

        @Test func `an output limit ends the job`() async throws {
            let base = try ScratchCgroup.current().path
            var job = Job("talker", try Programs.probe("write", "1G"))
            job.limits.outputLimit = .mib(1)
            let captured = try await InProcess.record(of: job, at: base)
            #expect(captured.outcome.kind == .output, "\(captured.outcome)")
            #expect(captured.output?.stdout?.truncated == true)
            #expect(captured.enforcement["output-limit"] == .scheduler)

            let folder = try ScratchDirectory()
            job.stdout = .file(folder.file("output"))
            let filed = try await InProcess.record(of: job, at: base)
            #expect(filed.outcome.kind == .output, "\(filed.outcome)")
            var facts = stat()
            #expect(stat(folder.file("output"), &facts) == 0)
            #expect(facts.st_size == 1 << 20, "exactly the limit is passed on, here \(facts.st_size)")
        }
    }
}
