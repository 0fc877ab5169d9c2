import Glibc

/// What on this host may make one measurement differ from the next, though nothing of it is the job's doing.
///
/// The list follows the advice of isolate(1) and of BenchExec's documentation; sources of the files are the kernel's
/// admin-guide (cpu-freq, intel_pstate, transhuge) and ABI documents (sysfs-devices-system-cpu).
public struct HostNoise: Sendable, Codable, Hashable {
    /// One source of noise.
    public struct Finding: Sendable, Codable, Hashable {
        /// What it is, such as `governor`.
        public var name: String
        /// Whether it keeps still.
        public var isQuiet: Bool
        /// What was found.
        public var detail: String
        /// What to do against it.
        public var cure: String?
    }

    /// Everything that this host tells of; what it does not tell is not there.
    public private(set) var findings: [Finding] = []

    /// Looks at the CPUs that jobs may use. For the load it watches them for a quarter of a second.
    public static func now(on cpus: CPUSet) -> HostNoise {
        var noise = HostNoise(of: cpus, root: "")
        let before = readFile("/proc/stat")
        usleep(250_000)
        noise.examineLoad(cpus, before: before ?? "", after: readFile("/proc/stat") ?? "")
        return noise
    }

    /// What stands in files below `root`, another machine's in tests.
    init(of cpus: CPUSet, root: String) {
        let place = Place(root: root)
        examineFrequency(cpus, place)
        examineSiblings(place)
        examineMemory(place)
        examineHeat(cpus, place)
    }

    private struct Place {
        var root: String

        func text(_ path: String) -> String? {
            readFile(root + path)?.split(whereSeparator: \.isNewline).first.map(String.init)
        }

        /// What the files of these CPUs say, with who says it.
        func answers(_ cpus: CPUSet, _ file: String) -> [String: CPUSet] {
            var answers: [String: CPUSet] = [:]
            for cpu in cpus.members {
                guard let text = text("/sys/devices/system/cpu/cpu\(cpu)/\(file)") else { continue }
                answers[text, default: CPUSet()].insert(cpu)
            }
            return answers
        }
    }

    /// What is not quiet and does not change from one moment to the next, for the records of those that it may disturb.
    var lastingNotes: [String] {
        findings.filter { !$0.isQuiet && $0.name != "throttling" }.map { "this host's \($0.name): \($0.detail)" }
    }

    private mutating func add(_ name: String, _ isQuiet: Bool, _ detail: String, cure: String) {
        findings.append(Finding(name: name, isQuiet: isQuiet, detail: detail, cure: isQuiet ? nil : cure))
    }

    // MARK: CPUs

    private mutating func examineFrequency(_ cpus: CPUSet, _ place: Place) {
        let governors = place.answers(cpus, "cpufreq/scaling_governor")
        if !governors.isEmpty {
            let words = governors.sorted { $0.key < $1.key }.map { "\($0.key) on CPUs \($0.value)" }
            add(
                "governor", Array(governors.keys) == ["performance"], words.joined(separator: ", "),
                cure:
                    "As root: for f in /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor; do echo performance > $f; done"
            )
        }
        examineRange(cpus, place)
        if let off = place.text("/sys/devices/system/cpu/intel_pstate/no_turbo") {
            add(
                "turbo", off == "1", off == "1" ? "off" : "on: the clock depends on what else runs",
                cure: "As root: echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo")
        } else if let on = place.text("/sys/devices/system/cpu/cpufreq/boost") {
            add(
                "turbo", on == "0", on == "0" ? "off" : "on: the clock depends on what else runs",
                cure: "As root: echo 0 > /sys/devices/system/cpu/cpufreq/boost")
        }
    }

    /// Between which clocks the governor may choose, in kHz (cpufreq's `scaling_min_freq` and `scaling_max_freq`).
    private mutating func examineRange(_ cpus: CPUSet, _ place: Place) {
        func clocks(_ file: String) -> [Double] {
            place.answers(cpus, "cpufreq/\(file)").keys.compactMap { Double($0).map { $0 / 1e6 } }
        }
        guard let least = clocks("scaling_min_freq").min(), let most = clocks("scaling_max_freq").max() else { return }
        func text(_ gigahertz: Double) -> String {
            let hundredths = Int((gigahertz * 100).rounded())
            return "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
        }
        let isFixed = least == most
        add(
            "frequency", isFixed, isFixed ? "\(text(most)) GHz" : "from \(text(least)) to \(text(most)) GHz",
            cure:
                "As root: for d in /sys/devices/system/cpu/cpu*/cpufreq; do cat $d/scaling_max_freq > $d/scaling_min_freq;"
                + " done")
    }

    private mutating func examineSiblings(_ place: Place) {
        guard let active = place.text("/sys/devices/system/cpu/smt/active") else { return }
        add(
            "SMT", active == "0", active == "0" ? "off" : "on: threads of a core slow each other",
            cure: "--affinity core gives each job whole cores, 'measured: true' keeps others off them; or as root:"
                + " echo off > /sys/devices/system/cpu/smt/control")
    }

    private static let heatFiles = ["thermal_throttle/core_throttle_count", "thermal_throttle/package_throttle_count"]

    /// How often these CPUs were slowed for heat since the start; nil where the host does not tell.
    static func throttles(of cpus: CPUSet, root: String = "") -> UInt64? {
        var sum: UInt64?
        for cpu in cpus.members {
            for file in heatFiles {
                let text = Place(root: root).text("/sys/devices/system/cpu/cpu\(cpu)/\(file)")
                if let count = text.flatMap({ UInt64($0) }) { sum = (sum ?? 0) &+ count }
            }
            if sum == nil { return nil }  // neither do the others
        }
        return sum
    }

    private mutating func examineHeat(_ cpus: CPUSet, _ place: Place) {
        let answers = Self.heatFiles.map { place.answers(cpus, $0) }
        guard answers.contains(where: { !$0.isEmpty }) else { return }
        let throttled = answers.flatMap { $0 }.filter { $0.key != "0" }.reduce(CPUSet()) { $0.union($1.value) }
        add(
            "throttling", throttled.isEmpty,
            throttled.isEmpty ? "none since the start" : "CPUs \(throttled) were slowed for heat since the start",
            cure: "Better cooling, or a lower clock: figures made in such moments are too slow")
    }

    // MARK: Memory

    private mutating func examineMemory(_ place: Place) {
        if let huge = place.text("/sys/kernel/mm/transparent_hugepage/enabled") {
            add(
                "huge pages", !huge.contains("[always]"), huge,
                cure: "Whether a program gets them depends on what ran before. As root:"
                    + " echo madvise > /sys/kernel/mm/transparent_hugepage/enabled")
        }
        if let swaps = readFile(place.root + "/proc/swaps") {
            let areas = swaps.split(whereSeparator: \.isNewline).dropFirst().count
            add(
                "swap", areas == 0, areas == 0 ? "none" : "\(areas) in use, by the system; by jobs only with --swap",
                cure: "As root: swapoff -a")
        }
        if let random = place.text("/proc/sys/kernel/randomize_va_space") {
            add(
                "address space", random == "0",
                random == "0" ? "always the same" : "random: caches are hit a little differently each time",
                cure: "Run the command under 'setarch -R', or as root: sysctl kernel.randomize_va_space=0")
        }
    }

    // MARK: Load

    /// What these CPUs did between two readings of `/proc/stat`.
    mutating func examineLoad(_ cpus: CPUSet, before: String, after: String) {
        let (first, second) = (ProcStat(before), ProcStat(after))
        var busy = CPUSet()
        var seen = false
        for cpu in cpus.members {
            guard let ticks = second.since(first, on: CPUSet([cpu])), ticks.total > 0 else { continue }
            seen = true
            if Double(ticks.busy) / Double(ticks.total) > 0.1 { busy.insert(cpu) }
        }
        guard seen else { return }
        add(
            "load", busy.isEmpty,
            busy.isEmpty ? "less than a tenth of each CPU" : "more than a tenth of CPUs \(busy) is in use",
            cure: "End what else runs, or choose other CPUs: 'top' shows who it is")
    }
}
