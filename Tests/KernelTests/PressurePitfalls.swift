import CCap
import Glibc
import Support
import SystemPackage
import Testing

@testable import CGExec

extension RealKernel {
    /// PSI triggers, with and without CAP_SYS_RESOURCE. The tests' own stall is that of two programs on one CPU.
    @Suite(.scratchCgroup) struct PressurePitfalls {
        @Test func `PSI trailing NUL`() async throws {
            // In a cgroup's own files the kernel counts right; in these it takes the last byte for a line's end.
            let file = "/proc/pressure/cpu"
            let descriptor = try Descriptor.open(file, O_RDWR | O_NONBLOCK)
            // 500 ms within 4 s; without the NUL it reads 400 ms for the window, which is too short for that.
            #expect(throws: Errno.invalidArgument, "the kernel has this rule") {
                try descriptor.write("some 500000 4000000")
            }
            let trigger = try PressureTrigger.armed(file, .some, stall: .milliseconds(500), window: .seconds(4))
            let (window, stall) = (trigger.window, trigger.stall)
            #expect(window == .seconds(4) && stall == .milliseconds(500))
        }

        @Test func `one trigger a descriptor`() async throws {
            let file = try pressureFile()
            let first = try PressureTrigger.armed(file, .some, stall: .milliseconds(150), window: .seconds(1))
            #expect(throws: Errno.resourceBusy, "the kernel has this rule") {
                try first.descriptor.write("some 200000 1000000\0")
            }
            let second = try PressureTrigger.armed(file, .full, stall: .milliseconds(200), window: .seconds(1))
            let descriptors = (first.descriptor.raw, second.descriptor.raw)
            #expect(descriptors.0 != descriptors.1)
        }

        @Test func `2 s rule`() async throws {
            let file = try pressureFile()
            try await onOwnThread {
                try dropPrivilege()
                let raw = try Descriptor.open(file, O_RDWR | O_NONBLOCK)
                #expect(throws: Errno.invalidArgument, "the kernel has this rule") {
                    try raw.write("some 150000 1000000\0")
                }
                let trigger = try PressureTrigger.armed(file, .some, stall: .milliseconds(150), window: .seconds(1))
                let (window, stall) = (trigger.window, trigger.stall)
                #expect(window == .seconds(2) && stall == .milliseconds(300), "in proportion")
                let exact = try PressureTrigger.armed(file, .some, stall: .milliseconds(150), window: .seconds(4))
                let (exactWindow, exactStall) = (exact.window, exact.stall)
                #expect(exactWindow == .seconds(4) && exactStall == .milliseconds(150))
            }
        }

        @Test func `false first trigger`() async throws {
            let leaf = try ScratchCgroup.current().make("stalled")
            let file = leaf + "/cpu.pressure"
            stall(for: "1500ms", in: leaf)
            try await onOwnThread {
                try dropPrivilege()
                let trigger = try PressureTrigger.armed(file, .some, stall: .milliseconds(500), window: .seconds(2))
                let before = total(file)
                #expect(before >= 500_000, "there was enough stall before: \(before) µs")
                stall(for: "50ms", in: leaf)
                let fired = wakes(trigger, seconds: 5)
                let grown = total(file) - before
                #expect(grown < 500_000, "a short stall only: \(grown) µs")
                #expect(fired, "the kernel has this rule")
                let first = trigger.isGenuine()
                #expect(!first, "for \(grown) µs")

                stall(for: "3s", in: leaf)
                let firedAgain = wakes(trigger, seconds: 10)
                let second = trigger.isGenuine()
                #expect(firedAgain && second, "for \(total(file) - before) µs")
            }
        }

        @Test func `a trigger fires for a real stall`() async throws {
            let leaf = try ScratchCgroup.current().make("stalled")
            let file = leaf + "/cpu.pressure"
            let trigger = try PressureTrigger.armed(file, .some, stall: .milliseconds(100), window: .seconds(1))
            let early = wakes(trigger, seconds: 1)
            #expect(!early, "nothing has stalled yet")
            stall(for: "2s", in: leaf)
            let fired = wakes(trigger, seconds: 10)
            let genuine = trigger.isGenuine()
            #expect(fired && genuine)
        }

        @Test func `a trigger on a removed cgroup reports an error`() async throws {
            let base = try Cgroup.open(ScratchCgroup.current().path)
            let file = try base.makeChild("gone").path + "/cpu.pressure"
            let trigger = try PressureTrigger.armed(file, .some, stall: .milliseconds(100), window: .seconds(1))
            try base.removeChild("gone")
            var ready = pollfd(fd: trigger.descriptor.raw, events: Int16(POLLPRI), revents: 0)
            #expect(poll(&ready, 1, 10_000) == 1)
            #expect(ready.revents & Int16(POLLERR) != 0)
        }

        private func pressureFile() throws -> String { try ScratchCgroup.current().path + "/cpu.pressure" }
    }
}

/// Takes CAP_SYS_RESOURCE from the calling thread.
private func dropPrivilege() throws {
    let capabilities = cap_get_proc()
    defer { cap_free(capabilities.map { UnsafeMutableRawPointer($0) }) }
    var resource = cap_value_t(CAP_SYS_RESOURCE)
    guard cap_set_flag(capabilities, CAP_EFFECTIVE, 1, &resource, CAP_CLEAR) == 0, cap_set_proc(capabilities) == 0
    else {
        throw Errno(rawValue: errno)
    }
}

/// Two programs that want the same CPU for so long: each waits for the other, half of the time.
private func stall(for time: String, in leaf: String) {
    let script = "echo $$ >'\(leaf)/cgroup.procs'; exec taskset -c \(Host.allowedCPUs().members[0]) \"$@\""
    guard let probe = try? Programs.probe("spin", "--wall", time, "--children", "2") else { return }
    let result = Command(["sh", "-c", script, "sh"] + probe).run()
    if result.status != 0 { Issue.record("no stall: \(result.output)") }
}

/// Whether the trigger fires in time.
private func wakes(_ trigger: borrowing PressureTrigger, seconds: Int32) -> Bool {
    var ready = pollfd(fd: trigger.descriptor.raw, events: Int16(POLLPRI), revents: 0)
    return poll(&ready, 1, seconds * 1000) == 1 && ready.revents & Int16(POLLPRI) != 0
}

private func total(_ file: String) -> UInt64 {
    CgroupTree.text(of: file).flatMap { StallWitness.total(.some, $0) } ?? 0
}
