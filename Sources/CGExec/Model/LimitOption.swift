/// One limit by its word: the table behind the command line, job files and the `limits` of a record, so that
/// the three can never differ.
public struct LimitOption: Sendable {
    /// The word: `cpu-timeout` for `--cpu-timeout` and the job file's key `cpu-timeout`.
    public let name: String
    /// What the value looks like in help texts; nil for a switch.
    public let placeholder: String?
    /// One line of help.
    public let help: String
    let set: @Sendable (inout Limits, String) throws(ValueError) -> Void
    let value: @Sendable (Limits) -> Value?

    /// Reads `text` and sets the limit.
    /// - Throws: `ValueError` with what would have been accepted.
    public func apply(_ text: String, to limits: inout Limits) throws(ValueError) { try set(&limits, text) }

    /// The value as one text: sizes in bytes, times in seconds, a list with blanks between; nil where it is not limited.
    package func text(of limits: Limits) -> String? { value(limits)?.texts.joined(separator: " ") }

    /// The option with this word.
    public static func named(_ name: String) -> LimitOption? { all.first { $0.name == name } }

    /// A value as it stands in JSON: sizes in bytes, times in seconds.
    enum Value: Codable, Sendable {
        case integer(Int)
        case number(Double)
        case text(String)
        case flag(Bool)
        case list([String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let integer = try? container.decode(Int.self) {
                self = .integer(integer)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else if let list = try? container.decode([String].self) {
                self = .list(list)
            } else {
                self = .text(try container.decode(String.self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .integer(let integer): try container.encode(integer)
            case .number(let number): try container.encode(number)
            case .text(let text): try container.encode(text)
            case .flag(let flag): try container.encode(flag)
            case .list(let list): try container.encode(list)
            }
        }

        var texts: [String] {
            switch self {
            case .integer(let integer): ["\(integer)"]
            case .number(let number): [decimal(number, places: 9)]
            case .text(let text): [text]
            case .flag(let flag): ["\(flag)"]
            case .list(let list): list
            }
        }
    }

    /// Every limit, in the order of the help text.
    public static let all: [LimitOption] = [
        amount(
            "memory", { $0.memory }, { $0.memory = $1 },
            "most memory of the whole process tree (memory.max)"),
        amount(
            "need", { $0.need }, { $0.need = $1 },
            "estimate of the memory needed: reserved; a limit only under a budget"),
        LimitOption(name: "swap", placeholder: "SIZE", help: "most swap (memory.swap.max); 0 when memory is limited") {
            (limits, text) throws(ValueError) in
            limits.swap = try ByteSize(parsing: text)
        } value: { limits in
            limits.swap.map { .integer(Int(clamping: $0.bytes)) }
        },
        count("cpus", { $0.cpus }, { $0.cpus = $1 }, 1...CPUSet.largest, "so many CPUs of its own (cpuset.cpus)"),
        set("cpuset", { $0.cpuset }, { $0.cpuset = $1 }, "exactly these CPUs, such as 0-3,8 (cpuset.cpus)"),
        set("mems", { $0.mems }, { $0.mems = $1 }, "memory from these NUMA nodes only (cpuset.mems)"),
        LimitOption(
            name: "cpu-quota", placeholder: "PERCENT",
            help: "CPU time per wall time; 150% is one and a half CPUs (cpu.max)"
        ) {
            (limits, text) throws(ValueError) in
            limits.cpuQuota = try quota(text)
        } value: { limits in
            limits.cpuQuota.map { .text(percentage($0)) }
        },
        count(
            "cpu-weight", { $0.cpuWeight }, { $0.cpuWeight = $1 }, 1...10_000,
            "share of CPU under contention, usually 100 (cpu.weight)"),
        count("pids", { $0.pids }, { $0.pids = $1 }, 1...4_194_304, "most processes and threads (pids.max)"),
        LimitOption(name: "on-pids", placeholder: "fail|kill", help: "at that number, let fork fail, or end the job") {
            (limits, text) throws(ValueError) in
            guard let action = Limits.PidsAction(rawValue: text) else {
                throw ValueError(text, expected: "fail or kill")
            }
            limits.onPids = action
        } value: { limits in
            limits.onPids.map { .text($0.rawValue) }
        },
        LimitOption(
            name: "io", placeholder: "'DEV KEY=N…'",
            help: "rates of a block device: rbps wbps riops wiops (io.max); repeatable"
        ) {
            (limits, text) throws(ValueError) in
            limits.io.append(try IOLimit(parsing: text))
        } value: { limits in
            limits.io.isEmpty ? nil : .list(limits.io.map(\.description))
        },
        time(
            "timeout", { $0.timeout }, { $0.timeout = $1 }, "longest wall time; then TERM, and KILL after the grace",
            above: .zero),
        time(
            "cpu-timeout", { $0.cpuTimeout }, { $0.cpuTimeout = $1 }, "most CPU time of the whole process tree",
            above: .zero),
        time(
            "grace", { $0.grace }, { $0.grace = $1 }, "time between TERM and KILL; 2s unless given, 0 kills at once",
            above: nil),
        LimitOption(
            name: "output-limit", placeholder: "SIZE",
            help: "most bytes on stdout and stderr together; more ends the job"
        ) {
            (limits, text) throws(ValueError) in
            limits.outputLimit = try ByteSize(parsing: text)
        } value: { limits in
            limits.outputLimit.map { .integer(Int(clamping: $0.bytes)) }
        },
        count(
            "files", { $0.files }, { $0.files = $1 }, 3...1_048_576, "most open files of each process (RLIMIT_NOFILE)"),
        LimitOption(name: "core", placeholder: "SIZE", help: "largest core dump (RLIMIT_CORE)") {
            (limits, text) throws(ValueError) in
            limits.core = try ByteSize(parsing: text)
        } value: { limits in
            limits.core.map { .integer(Int(clamping: $0.bytes)) }
        },
        LimitOption(
            name: "thrash", placeholder: "'full>N% for TIME'",
            help: "longest stall on memory at its memory limit (memory.pressure); more ends the job"
        ) {
            (limits, text) throws(ValueError) in
            limits.thrash = try ThrashLimit(parsing: text)
        } value: { limits in
            limits.thrash.map { .text($0.description) }
        },
        LimitOption(name: "delegate", placeholder: nil, help: "let the job divide its own leaf: a pool inside it works")
        {
            (limits, text) throws(ValueError) in
            guard let value = Bool(text) else { throw ValueError(text, expected: "true or false") }
            limits.delegate = value
        } value: { limits in
            limits.delegate ? .flag(true) : nil
        },
    ]

    // Not key paths: the runtime builds each from its pattern when it is first used, which `exec` pays at every start.
    private typealias Get<Value> = @Sendable (Limits) -> Value?
    private typealias Put<Value> = @Sendable (inout Limits, Value) -> Void

    private static func amount(
        _ name: String, _ get: @escaping Get<MemoryAmount>, _ put: @escaping Put<MemoryAmount>, _ help: String
    ) -> LimitOption {
        LimitOption(name: name, placeholder: "SIZE", help: help) { (limits, text) throws(ValueError) in
            let amount = try MemoryAmount(parsing: text)
            guard amount != .size(ByteSize(0)) else { throw ValueError(text, expected: "a size above 0") }
            put(&limits, amount)
        } value: { limits in
            switch get(limits) {
            case .size(let size): .integer(Int(clamping: size.bytes))
            case .fraction(let fraction): .text(percentage(fraction))
            case nil: nil
            }
        }
    }

    private static func count(
        _ name: String, _ get: @escaping Get<Int>, _ put: @escaping Put<Int>, _ range: ClosedRange<Int>,
        _ help: String
    ) -> LimitOption {
        LimitOption(name: name, placeholder: "N", help: help) { (limits, text) throws(ValueError) in
            guard let number = Int(text), range.contains(number) else {
                throw ValueError(text, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            put(&limits, number)
        } value: { limits in
            get(limits).map { .integer($0) }
        }
    }

    private static func set(
        _ name: String, _ get: @escaping Get<CPUSet>, _ put: @escaping Put<CPUSet>, _ help: String
    ) -> LimitOption {
        LimitOption(name: name, placeholder: "LIST", help: help) { (limits, text) throws(ValueError) in
            let value = try CPUSet(parsing: text)
            guard !value.isEmpty else { throw ValueError(text, expected: "at least one number, such as 0-3,8") }
            put(&limits, value)
        } value: { limits in
            get(limits).map { .text($0.description) }
        }
    }

    private static func time(
        _ name: String, _ get: @escaping Get<Duration>, _ put: @escaping Put<Duration>, _ help: String,
        above least: Duration?
    ) -> LimitOption {
        LimitOption(name: name, placeholder: "TIME", help: help) { (limits, text) throws(ValueError) in
            let value = try Duration(parsing: text)
            if let least, value <= least {
                throw ValueError(text, expected: "a time above 0, such as 500ms, 90s or 5m")
            }
            put(&limits, value)
        } value: { limits in
            get(limits).map { .number($0.seconds) }
        }
    }

    private static func quota(_ text: String) throws(ValueError) -> Double {
        // The kernel takes no quota below 1 ms in a period, which is 1 % of the usual 100 ms.
        guard let (number, suffix) = splitNumber(text), suffix == "%", number >= 1, number <= 1_000_000 else {
            throw ValueError(text, expected: "a percentage of one CPU from 1% on, such as 150%")
        }
        return number / 100
    }
}
