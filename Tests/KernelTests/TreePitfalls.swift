import CLinux
import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// What the cgroup tree refuses, and what we make of it.
    @Suite(.scratchCgroup) struct TreePitfalls {
        @Test(.needs(.controller("memory"))) func `no internal processes`() async throws {
            let base = try ScratchCgroup.current().make("occupied")
            let sleeper = try #require(Command(["sleep", "1000"]).start())
            defer { _ = kill(sleeper, SIGKILL) + Command.wait(for: sleeper) }
            CgroupTree.write("\(sleeper)", to: base + "/cgroup.procs")
            #expect(
                CgroupTree.write("+memory", to: base + "/cgroup.subtree_control") == EBUSY, "the kernel has this rule")

            let error = #expect(throws: KernelError.self) {
                try Workplace(in: Rig.subtree(base), budget: nil, bestEffort: false)
            }
            #expect(error?.errno == EBUSY)
            #expect(error?.description.contains("Processes are in the way") == true, "\(String(describing: error))")
            #expect(CgroupTree.children(of: base).isEmpty, "nothing was started")
            // Leaves the cgroup, so that it can be removed.
            CgroupTree.write("\(sleeper)", to: try ScratchCgroup.current().path + "/cgroup.procs")
        }

        @Test func `a supervisor in its own delegated cgroup moves to a leaf first`() async throws {
            let base = try ScratchCgroup.current().make("delegated")
            var mark = UInt8(ascii: "1")
            try #require(setxattr(base, "user.delegate", &mark, 1, 0) == 0, "errno \(errno)")
            let pool = try Programs.pool()
            let place = "cat /proc/self/cgroup"
            let script = "echo $$ >'\(base)/cgroup.procs' && exec '\(pool)' exec --name x -- sh -c '\(place)'"
            let result = Command(["sh", "-c", script]).run()
            #expect(result.status == 0, "\(result.output)")
            #expect(result.output.contains("/delegated/cgexec-"), "\(result.output)")
            #expect(CgroupTree.children(of: base).isEmpty, "the leaf it moved to is removed as well")
            #expect(CgroupTree.words(of: base + "/cgroup.subtree_control").isEmpty, "and what it enabled is taken back")
        }

        @Test(.needs(.command(["test", "!", "-d", "/run/systemd/system"])))
        func `root in a cgroup that somebody put it into does not work at the root of the tree`() async throws {
            let inner = try ScratchCgroup.current().make("container")
            let script = "echo $$ >'\(inner)/cgroup.procs' && exec '\(try Programs.pool())' exec --timeout 1m -- true"
            let result = Command(["sh", "-c", script]).run()
            #expect(result.status == 69, "\(result.output)")
            #expect(result.output.contains("--cgroup,"), "\(result.output)")
        }

        @Test func `threaded parent`() async throws {
            let scratch = try ScratchCgroup.current()
            let domain = try scratch.make("domain")
            for controller in CgroupTree.words(of: domain + "/cgroup.subtree_control") {
                CgroupTree.write("-" + controller, to: domain + "/cgroup.subtree_control")
            }
            let threaded = try scratch.make("domain/threaded")
            try #require(CgroupTree.write("threaded", to: threaded + "/cgroup.type") == 0)
            let invalid = try scratch.make("domain/invalid")
            #expect(CgroupTree.text(of: domain + "/cgroup.type") == "domain threaded\n")
            #expect(CgroupTree.text(of: invalid + "/cgroup.type") == "domain invalid\n")

            for base in [threaded, invalid, domain] {
                let error = #expect(throws: KernelError.self, "\(base)") {
                    try Workplace(in: Rig.subtree(base), budget: nil, bestEffort: false)
                }
                #expect(error?.description.contains("threaded") == true, "\(String(describing: error))")
                #expect(error?.description.contains("--cgroup") == true, "\(String(describing: error))")
            }
        }

        @Test func `cgroup.max.descendants gives a clear error`() async throws {
            let base = try ScratchCgroup.current().make("full")
            CgroupTree.write("0", to: base + "/cgroup.max.descendants")
            let error = #expect(throws: KernelError.self) {
                try Workplace(in: Rig.subtree(base), budget: nil, bestEffort: false)
            }
            #expect(error?.errno == EAGAIN)
            #expect(error?.description.contains("cgroup.max.descendants") == true, "\(String(describing: error))")

            // Room for the pool, none for a leaf: the attempt fails, and says so.
            CgroupTree.write("1", to: base + "/cgroup.max.descendants")
            let record = try await InProcess.record(of: Job("x", ["true"]), at: base)
            #expect(record.outcome.kind == .launchError)
            #expect(record.outcome.stage == "leaf")
            #expect(record.outcome.errno == Int(EAGAIN))
            #expect(record.outcome.message?.contains("cgroup.max.descendants") == true)
        }

        @Test func `ENODEV on a removed leaf reads as gone`() async throws {
            let base = try ScratchCgroup.current().path
            let cgroup = try Cgroup.open(base).makeChild("short-lived")
            let open = try Descriptor.open("cgroup.events", in: cgroup.directory.raw, O_RDONLY)
            #expect(try cgroup.isPopulated() == false)
            try Cgroup.open(base).removeChild("short-lived")

            var byte: UInt8 = 0
            #expect(pread(open.raw, &byte, 1, 0) == -1 && errno == ENODEV, "the kernel has this rule")
            #expect(try cgroup.read("cgroup.events") == nil)
            #expect(try cgroup.isPopulated() == nil)
            #expect(account(for: cgroup).usage == Usage(), "nothing is known, and nothing reads as 0")
        }

        @Test(.needs(.command(["unshare", "--mount", "true"])))
        func `read-only cgroupfs`() async throws {
            let mount = try #require(CgroupTree.mount)
            let command = "exec '\(try Programs.pool())' exec --timeout 1m -- true"
            let script = "mount -o remount,bind,ro '\(mount)' && mkdir '\(mount)/x' 2>&1; \(command)"
            let result = Command(["unshare", "--mount", "sh", "-c", script]).run()
            #expect(result.output.contains("Read-only file system"), "the mount is read-only: \(result.output)")
            #expect(result.status == 69, "\(result.output)")
            #expect(result.output.contains("mounted read-only at \(mount)"), "\(result.output)")
        }

        @Test(.needs(.command(["unshare", "--cgroup", "true"])))
        func `own path outside of the cgroup namespace`() async throws {
            let mount = try #require(CgroupTree.mount)
            let inner = try ScratchCgroup.current().make("namespace")
            let command = "cat /proc/self/cgroup; exec '\(try Programs.pool())' exec --timeout 1m -- true"
            // A namespace whose root is `inner`, then a process of it that is moved out.
            let leave = "echo $$ >'\(mount)/cgroup.procs'; \(command)"
            let script = "echo $$ >'\(inner)/cgroup.procs' && exec unshare --cgroup sh -c \"$1\""
            let result = Command(["sh", "-c", script, "sh", leave]).run()
            #expect(result.output.contains("0::/.."), "the path is outside: \(result.output)")
            #expect(result.status == 69, "\(result.output)")
            #expect(result.output.contains("outside the cgroup namespace"), "\(result.output)")
        }
    }
}
