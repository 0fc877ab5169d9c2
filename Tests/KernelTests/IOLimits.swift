import Glibc
import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// Rates of block devices.
    @Suite(.scratchCgroup, .needs(.controller("io"))) struct IOLimits {
        @Test(.needs(.scratchDisk)) func `io.max holds`() async throws {
            let base = try ScratchCgroup.current().path
            let device = try #require(Need.scratchDevice)
            let file = "/mnt/scratch/written-\(getpid())"
            defer { unlink(file) }
            var job = Job("writer", try Programs.probe("write", "4M", "--to", file, "--sync"))
            let free = try await InProcess.record(of: job, at: base)
            let freeSeconds = try seconds(free)

            job.limits.io = [IOLimit(device: device, writeBytes: 1 << 20)]
            let limited = try await InProcess.record(of: job, at: base)
            let limitedSeconds = try seconds(limited)
            // 4 MiB at 1 MiB/s; the kernel lets a first burst through.
            #expect(limitedSeconds >= 3 && freeSeconds < 2, "limited \(limitedSeconds) s, free \(freeSeconds) s")
            #expect(limited.enforcement["io"] == .cgroup)
            let numbers = try LeafSettings.deviceNumbers(device)
            #expect(
                limited.effective?["io.max"]?.contains("\(numbers) rbps=max wbps=1048576") == true,
                "\(limited.effective ?? [:])")
            let counted = try #require(limited.usage?.io?.first { $0.device == numbers })
            #expect(counted.wbytes ?? 0 >= 4 << 20, "\(counted)")
        }

        @Test func `a device that is none is refused with its name`() async throws {
            let base = try ScratchCgroup.current().path
            var job = Job("nowhere", ["true"])
            for (device, cure) in [("/dev/null", "Name a block device"), ("/dev/absent", "/dev/absent")] {
                job.limits.io = [IOLimit(device: device, writeBytes: 1 << 20)]
                let record = try await InProcess.record(of: job, at: base)
                #expect(record.outcome.kind == .launchError && record.outcome.stage == "leaf", "\(record.outcome)")
                #expect(record.outcome.message?.contains(cure) == true, "\(record.outcome)")
            }
        }

        private func seconds(_ record: Record) throws -> Double {
            #expect(record.outcome.kind == .ok, "\(record.outcome)")
            let report = try Report(record.output?.stderr?.text ?? "")
            return try #require(report.seconds)
        }
    }
}
