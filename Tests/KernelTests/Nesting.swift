import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// A pool inside a job of another pool.
    @Suite(.scratchCgroup) struct Nesting {
        @Test func `without delegation, limits inside are refused with the cure`() async throws {
            let base = try ScratchCgroup.current().path
            let inner = [try Programs.pool(), "exec", "--timeout", "1m", "--", "true"]
            let record = try await InProcess.record(of: Job("outer", inner), at: base)
            #expect(record.outcome.kind == .exit && record.outcome.code == 69, "\(record.outcome)")
            #expect(
                record.output?.stderr?.text?.contains("delegate: true") == true, "\(record.output?.stderr?.text ?? "")")
        }

        @Test func `a delegated job starts in an inner leaf and can divide its own`() async throws {
            let base = try ScratchCgroup.current().path
            let inner = [try Programs.pool(), "exec", "--timeout", "1m", "--", try Programs.probe(), "view"]
            var job = Job("outer", inner)
            job.limits.delegate = true
            let record = try await InProcess.record(of: job, at: base)
            #expect(record.outcome.kind == .ok, "\(record.output?.stderr?.text ?? "")")
            let place = try #require(Report(record).cgroup)
            // outer pool / outer leaf / inner pool / inner leaf
            #expect(place.contains(#/cgexec-\d+-\d+/job-1\.1/cgexec-\d+-\d+/job-1\.1$/#), "\(place)")
            #expect(CgroupTree.children(of: base).isEmpty)
        }

        @Test(.needs(.controller("memory"))) func `a limit inside a delegated job is its own, within the outer one`()
            async throws
        {
            let base = try ScratchCgroup.current().path
            let breach = [try Programs.pool(), "exec", "--memory", "16M", "--", try Programs.probe(), "memory", "32M"]
            var outer = Job("outer", breach, limits: Limits(memory: .mib(256)))
            outer.limits.delegate = true
            let inside = try await InProcess.record(of: outer, at: base)
            #expect(inside.outcome.kind == .exit && inside.outcome.code == 137, "\(inside.outcome)")
            #expect(
                inside.output?.stderr?.text?.contains("memory limit") == true, "\(inside.output?.stderr?.text ?? "")")

            // What the inner limit allows the outer one does not: the whole outer tree goes.
            outer.command = [
                try Programs.pool(), "exec", "--memory", "128M", "--", try Programs.probe(), "memory", "96M",
            ]
            outer.limits.memory = .mib(64)
            let outside = try await InProcess.record(of: outer, at: base)
            #expect(outside.outcome.kind == .memory && outside.outcome.culprit == .job, "\(outside.outcome)")
            #expect(CgroupTree.children(of: base).isEmpty)
        }

        /// A program that makes cgroups in its leaf, one in the other, and says so.
        private static let nest = """
            cd "$0$(sed -n 's/^0:://p' /proc/self/cgroup)" && for i in $(seq \(Patience.rounds(200, inVM: 80))); do mkdir nested && cd nested; done
            echo nested
            """

        @Test func `many cgroups inside each other are removed with few descriptors`() async throws {
            let base = try ScratchCgroup.current().path
            let mount = try #require(CgroupTree.mount)
            let finish = try Child.script(
                "ulimit -n 100; exec $POOL exec --cgroup \"$1\" --delegate -- sh -c \"$2\" \"$3\"",
                [base, Self.nest, mount])
            #expect(finish.status == .exited(0) && finish.stdout == "nested\n" && finish.stderr == "", "\(finish)")
            #expect(CgroupTree.children(of: base).isEmpty)
        }

        @Test func `the keeper removes many cgroups inside each other`() async throws {
            let base = try ScratchCgroup.current().path
            let mount = try #require(CgroupTree.mount)
            let script = Self.nest + "; exec sleep 1000"
            let child = try Child(
                Programs.exec(["--cgroup", base, "--delegate"], ["sh", "-c", script, mount]))
            #expect(try child.line() == "nested")
            child.signal(SIGKILL)
            _ = try child.wait()
            try CgroupTree.waitUntilChildless(base)
        }

        @Test(.needs(.controller("memory")))
        func `a limit inside a delegated job has nothing to do with a SIGKILL from elsewhere`() async throws {
            let base = try ScratchCgroup.current().path
            let script = "\"$0\" exec --memory 16M -- \"$1\" memory 32M; [ $? = 137 ] && kill -9 $$"
            var outer = Job("outer", ["sh", "-c", script, try Programs.pool(), try Programs.probe()])
            outer.limits.delegate = true
            let record = try await InProcess.record(of: outer, at: base)
            #expect(record.outcome == Outcome(.signal, signal: 9), "\(record.outcome)")
        }

        @Test(.needs(.controller("pids"))) func `a delegated job reaches its number of processes`() async throws {
            let base = try ScratchCgroup.current().path
            var job = Job("bomb", try Programs.probe("forkbomb", "--leave"), limits: Limits(pids: 16))
            job.limits.delegate = true
            let contained = try await InProcess.record(of: job, at: base)
            #expect(contained.outcome.kind == .ok && contained.limitsHit == ["pids"], "\(contained)")
            job.command = try Programs.probe("forkbomb", "--leave", "--hold", "1h")
            job.limits.onPids = .kill
            let record = try await InProcess.record(of: job, at: base)
            #expect(record.outcome.kind == .pids, "\(record.outcome)")
        }
    }
}
