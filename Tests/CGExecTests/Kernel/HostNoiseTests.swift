import Glibc
import Support
import Testing

@testable import CGExec

/// What a host tells of its noise, on trees of files like those of real machines.
@Suite struct HostNoiseTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func write(_ text: String, _ path: String) throws {
        let folders = path.split(separator: "/").dropLast()
        var folder = scratch.path
        for name in folders {
            folder += "/" + name
            mkdir(folder, 0o755)
        }
        try scratch.write(text, to: String(path.dropFirst()))
    }

    private func findings(_ cpus: CPUSet = CPUSet([0, 1])) -> [String: HostNoise.Finding] {
        let noise = HostNoise(of: cpus, root: scratch.path)
        return Dictionary(uniqueKeysWithValues: noise.findings.map { ($0.name, $0) })
    }

    @Test func `a machine that tells nothing has no findings`() {
        #expect(findings().isEmpty)
    }

    @Test func `a quiet machine`() throws {
        for cpu in 0...1 {
            try write("performance\n", "/sys/devices/system/cpu/cpu\(cpu)/cpufreq/scaling_governor")
            try write("0\n", "/sys/devices/system/cpu/cpu\(cpu)/thermal_throttle/core_throttle_count")
        }
        try write("1\n", "/sys/devices/system/cpu/intel_pstate/no_turbo")
        try write("0\n", "/sys/devices/system/cpu/smt/active")
        try write("always [madvise] never\n", "/sys/kernel/mm/transparent_hugepage/enabled")
        try write("Filename\tType\tSize\tUsed\tPriority\n", "/proc/swaps")
        try write("0\n", "/proc/sys/kernel/randomize_va_space")
        let found = findings()
        #expect(found.count == 7 && found.values.allSatisfy { $0.isQuiet && $0.cure == nil }, "\(found)")
    }

    @Test func `a clock that may change, and one that may not`() throws {
        for (cpu, least) in [(0, "3500000"), (1, "800000")] {
            try write("\(least)\n", "/sys/devices/system/cpu/cpu\(cpu)/cpufreq/scaling_min_freq")
            try write("3500000\n", "/sys/devices/system/cpu/cpu\(cpu)/cpufreq/scaling_max_freq")
        }
        #expect(findings()["frequency"]?.detail == "from 0.80 to 3.50 GHz" && findings()["frequency"]?.isQuiet == false)
        #expect(findings(CPUSet([0]))["frequency"]?.detail == "3.50 GHz")
        #expect(findings(CPUSet([0]))["frequency"]?.isQuiet == true)
    }

    @Test func `what lasts is noted in records, what counts up is compared`() throws {
        try write("17\n", "/sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count")
        try write("2\n", "/sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_count")
        try write("1\n", "/sys/devices/system/cpu/cpufreq/boost")
        let noise = HostNoise(of: CPUSet([1]), root: scratch.path)
        #expect(noise.lastingNotes == ["this host's turbo: on: the clock depends on what else runs"])
        #expect(HostNoise.throttles(of: CPUSet([1]), root: scratch.path) == 19)
        #expect(HostNoise.throttles(of: CPUSet([0]), root: scratch.path) == nil, "it does not tell")
    }

    @Test func `a laptop`() throws {
        try write("powersave\n", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
        try write("performance\n", "/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor")
        try write("17\n", "/sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_count")
        try write("1\n", "/sys/devices/system/cpu/cpufreq/boost")
        try write("1\n", "/sys/devices/system/cpu/smt/active")
        try write("[always] madvise never\n", "/sys/kernel/mm/transparent_hugepage/enabled")
        try write("Filename\tType\n/dev/dm-1 partition 1 0 -2\n", "/proc/swaps")
        try write("2\n", "/proc/sys/kernel/randomize_va_space")
        let found = findings()
        #expect(found.values.allSatisfy { !$0.isQuiet && $0.cure != nil } && found.count == 7, "\(found)")
        #expect(found["governor"]?.detail == "performance on CPUs 1, powersave on CPUs 0")
        #expect(found["throttling"]?.detail == "CPUs 1 were slowed for heat since the start")
        // Other CPUs' governors are nobody's concern.
        #expect(findings(CPUSet([1]))["governor"]?.isQuiet == true)
    }

    @Test func `who is busy is seen`() {
        let before = "cpu  1 1 1 1\ncpu0 100 0 0 900 0 0 0 0 0 0\ncpu1 100 0 0 900 0 0 0 0 0 0\nintr 5\n"
        let after = "cpu  1 1 1 1\ncpu0 101 0 0 924 0 0 0 0 0 0\ncpu1 110 0 5 905 5 0 0 0 0 0\nintr 9\n"
        var noise = HostNoise(of: CPUSet(), root: scratch.path)
        noise.examineLoad(CPUSet([0, 1, 2]), before: before, after: after)
        #expect(noise.findings.map(\.detail) == ["more than a tenth of CPUs 1 is in use"])
        noise = HostNoise(of: CPUSet(), root: scratch.path)
        noise.examineLoad(CPUSet([0]), before: before, after: after)
        #expect(noise.findings.map(\.isQuiet) == [true])
        noise = HostNoise(of: CPUSet(), root: scratch.path)
        noise.examineLoad(CPUSet([0]), before: "", after: after)
        #expect(noise.findings.isEmpty)
    }
}
