import Support
import Testing

@testable import CGExec

extension RealKernel {
    /// The curves of `sampling`.
    @Suite(.scratchCgroup) struct Sampled {
        private func record(_ job: Job, every interval: Duration?) async throws -> Record {
            var configuration = PoolConfiguration(cgroup: try ScratchCgroup.current().path, bestEffort: true)
            configuration.sampling = interval
            return try await withPool(configuration) { pool in try await pool.submit(job).record }
        }

        @Test func `CPU time grows along the samples, to what it was in the end`() async throws {
            let record = try await record(
                Job("spin", [Programs.probe(), "spin", "--wall", "1s"]), every: .milliseconds(50))
            let samples = try #require(record.samples)
            let cpu = try #require(samples.cpuSeconds)
            #expect(samples.seconds.count >= 3 && cpu.count == samples.seconds.count)
            #expect(samples.seconds == samples.seconds.sorted() && cpu == cpu.sorted())
            #expect(try #require(samples.seconds.last) <= #require(record.wallSeconds) + 0.05)
            #expect(try #require(cpu.last) <= #require(record.usage?.cpuSeconds) && cpu.last ?? 0 > 0)
        }

        @Test(.needs(.controller("memory"))) func `memory stays below its peak`() async throws {
            let job = Job("hold", ["sh", "-c", "'\(try Programs.probe())' memory 32M; sleep 0.3"])
            let record = try await record(job, every: .milliseconds(20))
            let memory = try #require(record.samples?.memoryBytes)
            #expect(try #require(memory.max()) <= #require(record.usage?.memoryPeakBytes), "\(memory)")
            #expect(memory.count == record.samples?.seconds.count)
        }

        @Test func `a long run keeps some of its samples, from its whole time`() async throws {
            let record = try await record(Job("sleep", ["sleep", "1.5"]), every: .milliseconds(1))
            let seconds = try #require(record.samples?.seconds)
            #expect((1...1000).contains(seconds.count))
            let gaps = zip(seconds.dropFirst(), seconds).map { $0 - $1 }
            #expect(try #require(seconds.last) > 0.7 * #require(record.wallSeconds), "\(gaps.max() ?? 0)")
        }

        @Test func `nobody looks unless asked`() async throws {
            #expect(try await record(Job("true", ["true"]), every: nil).samples == nil)
        }
    }
}
