import CLinux
import Glibc
import Support
import SystemPackage
import Testing

@testable import CGExec

extension RealKernel {
    /// The life of a leaf: made afresh, entered, killed, emptied, read, removed.
    @Suite(.scratchCgroup) struct LeafPitfalls {
        @Test func `fresh leaf for each attempt`() async throws {
            let base = try ScratchCgroup.current().path
            let job = Job("where", ["cat", "/proc/self/cgroup"])
            let configuration = PoolConfiguration(jobs: .count(1))
            let records = try await InProcess.records(of: [job, job, job], configuration, at: base)
            let places = records.compactMap {
                $0.output?.stdout?.text?.split(separator: "\n").last { $0.hasPrefix("0::") }
            }
            #expect(places.count == 3 && Set(places).count == 3, "\(places)")
        }

        /// A cgroup that was killed once kills what is cloned from it into others, on kernels of 2025 and later; then the
        /// child enters by itself. On older ones the plain way works.
        @Test func `kill-then-clone quirk`() async throws {
            let scratch = try ScratchCgroup.current()
            let home = try scratch.make("once-killed")
            try #require(CgroupTree.write("1", to: home + "/cgroup.kill") == 0)
            let base = try scratch.make("base")
            // A process of its own, since it moves.
            await #expect(processExitsWith: .success) { [home = home as String, base = base as String] in
                try #require(CgroupTree.write("0", to: home + "/cgroup.procs") == 0)
                let leaf = try Cgroup.open(base).makeChild("plain")
                var spawn = Spawn(plan: LaunchPlan(["true"]), signals: SignalState())
                spawn.cgroup = leaf.directory.raw
                let plain = spawn.run()
                if case .killedAtBirth = plain {
                    print("this kernel has the quirk")
                } else if case .running(_, let pidfd, _) = plain {
                    var status = cgx_wait()
                    #expect(cgx_wait_pidfd(pidfd, 0, &status) == 0 && status.code == CLD_EXITED && status.status == 0)
                } else {
                    Issue.record("\(plain)")
                }
                #expect(CgroupTree.waitUntilEmpty(leaf.path))
                try Cgroup.open(base).removeChild("plain")

                // Whatever this kernel does, a job runs; and a second one, which knows from the first.
                let records = try InProcess.run([Job("a", ["true"]), Job("b", ["true"])], at: base)
                #expect(records.map(\.outcome.kind) == [.ok, .ok], "\(records.map(\.outcome))")
            }
        }

        @Test func `kill returns early`() async throws {
            let base = try ScratchCgroup.current().path
            let mailbox = try Mailbox()
            let leaf = try Cgroup.open(base).makeChild("held")
            // Memory takes a while to give back, so that the processes are seen dying; retried, since it is a race.
            var seenAlive = false
            for _ in 0..<20 where !seenAlive {
                let command = try Programs.probe("memory", "64M", "--children", "4", "--hold", "1h")
                var spawn = Spawn(plan: LaunchPlan(command), signals: SignalState())
                spawn.plan.stdout = .file(mailbox.path)
                spawn.cgroup = leaf.directory.raw
                guard case .running(_, let pidfd, _) = spawn.run() else {
                    Issue.record("no probe")
                    break
                }
                _ = try await mailbox.line()
                try leaf.kill()
                seenAlive = try leaf.isPopulated() == true
                var status = cgx_wait()
                #expect(cgx_wait_pidfd(pidfd, 0, &status) == 0)
                close(pidfd)
                #expect(CgroupTree.waitUntilEmpty(leaf.path))
            }
            #expect(seenAlive, "the kernel was never seen to return before the processes were gone")
            try Cgroup.open(base).removeChild("held")
        }

        @Test func `a record comes when the whole tree is gone`() async throws {
            let base = try ScratchCgroup.current().path
            let mailbox = try Mailbox()
            // The main process leaves at once; four of 64 MiB each stay.
            let command = "\"$@\" >'\(mailbox.path)' & exec 3<'\(mailbox.path)'; read -r line <&3; echo \"$line\""
            let holder = try Programs.probe("memory", "64M", "--children", "4", "--hold", "1h")
            let job = Job("left behind", ["sh", "-c", command, "sh"] + holder)
            let record = try await InProcess.record(of: job, at: base)
            #expect(record.outcome.kind == .ok, "\(record.outcome)")
            let processes = try Report(record).processes?.map(\.pid) ?? []
            #expect(processes.count == 4)
            #expect(processes.filter(Processes.isAlive).isEmpty)
            #expect(CgroupTree.children(of: base).isEmpty)
        }

        @Test func `EBUSY on rmdir`() async throws {
            let base = try Cgroup.open(ScratchCgroup.current().path)
            let leaf = try base.makeChild("busy")
            let sleeper = try #require(Command(["sleep", "1000"]).start())
            CgroupTree.write("\(sleeper)", to: leaf.path + "/cgroup.procs")
            #expect(throws: Errno.resourceBusy) { try base.removeChild("busy") }
            try leaf.kill()
            _ = Command.wait(for: sleeper)
            #expect(CgroupTree.waitUntilEmpty(leaf.path))
            // Children are the other reason for EBUSY; those are removed first.
            _ = try leaf.makeChild("child").makeChild("grandchild")
            #expect(rmdir(leaf.path) == -1 && errno == EBUSY, "the kernel has this rule")
            try base.removeChild("busy")
            #expect(access(leaf.path, F_OK) == -1)
        }

        @Test func `counters are read before rmdir`() async throws {
            let base = try ScratchCgroup.current().path
            // All CPU time is used by a child that is gone when the main process ends.
            let command = try Programs.probe("spin", "--cpu", "100ms", "--children", "1")
            let record = try await InProcess.record(of: Job("brief", command), at: base)
            #expect(record.outcome.kind == .ok, "\(record.outcome) \(record.output?.stderr?.text ?? "")")
            #expect(record.usage?.cpuSeconds ?? 0 >= 0.1, "\(String(describing: record.usage))")
            #expect(CgroupTree.children(of: base).isEmpty)
        }

        @Test func `a cgroup that the job made is removed with it`() async throws {
            let base = try ScratchCgroup.current().path
            let mount = try #require(CgroupTree.mount)
            // As root a job can; what it leaves must not keep its leaf.
            let script =
                "own='\(mount)'$(sed -n 's/^0:://p' /proc/self/cgroup); mkdir -p \"$own/a/b\" && test -d \"$own/a/b\""
            let record = try await InProcess.record(of: Job("divider", ["sh", "-c", script]), at: base)
            #expect(record.outcome.kind == .ok, "\(record.output?.stderr?.text ?? "")")
            #expect(record.notes == nil, "\(record.notes ?? [])")
            #expect(CgroupTree.children(of: base).isEmpty)
        }

        @Test(.needs(.cpus(2))) func `affinity reset`() async throws {
            let base = try ScratchCgroup.current().path
            let both = Host.allowedCPUs()
            try #require(both.count >= 2, "this needs two CPUs that this process may use")
            let granted = CPUSet(both.members.prefix(2))
            let text = try await onOwnThread {
                // What this thread starts inherits its narrow mask.
                let narrowed = Command(["taskset", "-cp", "\(granted.members[0])", ThreadFacts.id()]).run()
                #expect(narrowed.status == 0, "\(narrowed.output)")
                #expect(Host.allowedCPUs().count == 1, "the supervisor is narrowed")
                var plan = LaunchPlan(try Programs.probe("view"))
                plan.leaf.cpus = granted
                // By the cpuset where there is one, else by affinity alone.
                return try Rig.runHere(plan, bestEffort: true, at: base).ending.stdout?.text
            }
            #expect(try Report(#require(text)).cpus == granted.description)
        }
    }
}
