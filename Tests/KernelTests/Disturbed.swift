import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// What the kernel's counters tell of how an attempt was disturbed.
    @Suite(.scratchCgroup, .needs(.controller("memory"), .controller("cpu")))
    struct Disturbed {
        /// Runs a job that says when it is up, does something to its leaf meanwhile, and lets it end.
        private func run(
            _ work: String, _ limits: Limits = Limits(),
            meanwhile act: @escaping @Sendable (_ leaf: String) throws -> Void = { _ in }
        ) async throws -> Record {
            let base = try ScratchCgroup.current().path
            let (up, gate) = (try Mailbox(), try Mailbox())
            let script = """
                sed -n 's/^0:://p' /proc/self/cgroup > '\(up.path)'
                read -r _ <> '\(gate.path)'
                \(work)
                """
            async let ended = InProcess.record(of: Job("job", ["sh", "-c", script], limits: limits), at: base)
            let line = try await up.line()
            let leaf = try #require(CgroupTree.mount) + line
            try await onOwnThread { [path = gate.path] in
                try act(leaf)
                let writer = open(path, O_WRONLY | O_CLOEXEC)
                defer { close(writer) }
                try #require(write(writer, "\n", 1) == 1)
            }
            let record = try await ended
            #expect(record.outcome.kind == .ok, "\(record.outcome)")
            return record
        }

        private static func put(_ text: String, in file: String) throws {
            let error = CgroupTree.write(text, to: file)
            try #require(error == 0, "\(file): errno \(error)")
        }

        @Test func `who is left alone is clean`() async throws {
            let record = try await run("'\(Programs.probe())' memory 8M", Limits(memory: .mib(64)))
            #expect(record.validity == .init(verdict: .clean, reasons: []), "\(String(describing: record.validity))")
        }

        @Test func `a freeze makes its figures invalid`() async throws {
            // Before 6.18 the kernel counts no time, and tells of a change with up to 10 ms of delay: a pool that comes to
            // look later than the thaw has missed it. A freeze that disturbs lasts; here it comes three times.
            let record = try await run(":") { leaf in
                for _ in 1...3 {
                    try Self.put("1", in: leaf + "/cgroup.freeze")
                    let deadline = Patience.Deadline()
                    while CgroupTree.number("frozen", in: leaf + "/cgroup.events") != 1 {
                        try #require(deadline.milliseconds > 0, "it is never frozen")
                        usleep(1_000)
                    }
                    usleep(300_000)
                    try Self.put("0", in: leaf + "/cgroup.freeze")
                }
            }
            #expect(record.validity?.verdict == .invalid, "\(String(describing: record.validity))")
            #expect(record.validity?.reasons == ["it was frozen"])
        }

        @Test func `a limit that somebody lowers does, too`() async throws {
            let record = try await run(":", Limits(memory: .mib(64))) { leaf in
                try Self.put("\(48 << 20)", in: leaf + "/memory.max")
            }
            #expect(record.validity?.verdict == .invalid)
            #expect(
                record.validity?.reasons == ["its memory.max was \(64 << 20) at first and \(48 << 20) at the end"],
                "\(record.validity?.reasons ?? [])")
        }

        @Test func `a measured job runs again where that happened, and is clean then`() async throws {
            let base = try ScratchCgroup.current().path
            let (scratch, up, gate) = (try ScratchDirectory(), try Mailbox(), try Mailbox())
            let script = """
                [ -e '\(scratch.file("flag"))' ] && exit
                : > '\(scratch.file("flag"))'
                sed -n 's/^0:://p' /proc/self/cgroup > '\(up.path)'
                read -r _ <> '\(gate.path)'
                """
            var measured = Job("job", ["sh", "-c", script], limits: Limits(memory: .mib(64)))
            measured.isMeasured = true
            async let ended = InProcess.record(of: measured, at: base)
            let line = try await up.line()
            let leaf = try #require(CgroupTree.mount) + line
            try await onOwnThread { [path = gate.path] in
                try Self.put("\(48 << 20)", in: leaf + "/memory.max")
                let writer = open(path, O_WRONLY | O_CLOEXEC)
                defer { close(writer) }
                try #require(write(writer, "\n", 1) == 1)
            }
            let record = try await ended
            #expect(record.attempt == 2 && record.outcome.kind == .ok, "\(record.attempt) \(record.outcome)")
            #expect(record.validity?.verdict == .clean, "\(record.validity?.reasons ?? [])")
        }

        @Test func `a quota that it asked for is noted`() async throws {
            var limits = Limits()
            limits.cpuQuota = 0.2
            let record = try await run("'\(Programs.probe())' spin --wall 1s", limits)
            #expect(record.validity?.verdict == .clean, "\(record.validity?.reasons ?? [])")
            #expect(record.validity?.notes?.first?.hasPrefix("its CPU quota held it back for") == true)
        }

        @Test(.needs(.swap)) func `its own limits of memory and swap are noted as well`() async throws {
            var limits = Limits(memory: .mib(16))
            limits.swap = .mib(64)
            let record = try await run("'\(Programs.probe())' memory 32M", limits)
            #expect(record.validity?.verdict == .clean, "\(record.validity?.reasons ?? [])")
            #expect(record.validity?.notes?.contains { $0.hasPrefix("it was at its memory limit") } == true)
        }

        @Test(.needs(.swap)) func `what is swapped out makes them invalid`() async throws {
            let swapped = try await holdAndSwap()
            // Before 6.5 only what comes back from swap is seen, and this does not.
            guard swapped.usage?.swapPeakBytes != nil else { return }
            #expect(swapped.validity?.verdict == .invalid)
            #expect(swapped.validity?.reasons.contains { $0.hasSuffix("of it was swapped out") } == true)
        }

        private func holdAndSwap() async throws -> Record {
            let base = try ScratchCgroup.current().path
            let up = try Mailbox()
            let probe = try Programs.probe()
            let script = """
                '\(probe)' memory 32M --hold 2s | { read -r _; sed -n 's/^0:://p' /proc/self/cgroup > '\(up.path)'; cat; }
                """
            async let ended = InProcess.record(of: Job("hold", ["sh", "-c", script]), at: base)
            let line = try await up.line()
            let leaf = try #require(CgroupTree.mount) + line
            _ = CgroupTree.write("64M", to: leaf + "/memory.reclaim")  // gives an error where it got less
            let record = try await ended
            #expect(record.outcome.kind == .ok)
            return record
        }

        @Test func `an OOM of the pool beside it is told`() async throws {
            let base = try ScratchCgroup.current().path
            let probe = try Programs.probe()
            let (hog, holder): (Ending, Ending) = try await onOwnThread {
                let reactor = try Reactor()
                let place = try Workplace(in: Rig.subtree(base), budget: .mib(64), bestEffort: false)
                defer { place.close() }
                let kernel = LinuxKernel(reactor: reactor, place: place)
                defer { kernel.close() }
                let ids = (1...2).map { AttemptID(job: JobID($0), number: 1) }
                var endings: [AttemptID: Ending] = [:]
                kernel.deliver = { event, _ in
                    switch event {
                    case .launched(ids[0], _):
                        var plan = LaunchPlan([probe, "memory", "128M"], leaf: LeafPlan(swap: ByteSize(0)))
                        plan.attempt = ids[1]
                        kernel.launch(plan)
                    case .ended(let id, let ending):
                        endings[id] = ending
                        if id == ids[1] { kernel.terminate(ids[0]) }
                    default: break
                    }
                }
                kernel.launch(LaunchPlan(["sleep", "1h"], leaf: LeafPlan(swap: ByteSize(0))))
                reactor.run { endings.count == 2 }
                return (try #require(endings[ids[1]]), try #require(endings[ids[0]]))
            }
            #expect(hog.memory?.culprit == .pool)
            #expect(holder.validity?.verdict == .perturbed)
            #expect(
                holder.validity?.reasons.contains(
                    "memory ran out in the pool or above it while it ran, and another was killed")
                    == true, "\(holder.validity?.reasons ?? [])")
        }
    }
}
