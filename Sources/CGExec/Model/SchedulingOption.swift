/// What a job says about its place among others, by its word: the table behind job files and the command line.
public struct SchedulingOption: Sendable {
    /// The word: `retry-on` for the job file's key.
    public let name: String
    /// What the value looks like in help texts; nil for a switch.
    public let placeholder: String?
    /// One line of help.
    public let help: String
    /// Whether there may be several.
    public let isRepeatable: Bool
    private let set: @Sendable (inout Job, String) throws(ValueError) -> Void

    /// Reads `text` and sets it in the job.
    /// - Throws: `ValueError` with what would have been accepted.
    public func apply(_ text: String, to job: inout Job) throws(ValueError) { try set(&job, text) }

    /// The option with this word.
    public static func named(_ name: String) -> SchedulingOption? { all.first { $0.name == name } }

    /// Every option, in the order of the help text.
    public static let all: [SchedulingOption] = [
        value("slowdown", "N", "how slow it is for its size: size × slowdown is its weight in time") {
            (job, text) throws(ValueError) in
            guard let (number, suffix) = splitNumber(text), suffix.isEmpty, number > 0 else {
                throw ValueError(text, expected: "a number above 0, such as 1.5")
            }
            job.slowdown = number
        },
        value("priority", "N", "higher ones start first; 0 unless given") { (job, text) throws(ValueError) in
            guard let number = Int(text), abs(number) <= 1_000_000 else {
                throw ValueError(text, expected: "a whole number, such as 5 or -1")
            }
            job.priority = number
        },
        value("retries", "N", "tries beyond the first, after an end that retry-on names") {
            (job, text) throws(ValueError) in
            guard let number = Int(text), (0...1_000_000).contains(number) else {
                throw ValueError(text, expected: "a number from 0 on")
            }
            job.retry = Retry(number, on: job.retry?.rules ?? [], backOff: job.retry?.backOff ?? .zero)
        },
        value(
            "retry-on", "END", "failure (the default), code:75, signal:SEGV, timeout, memory or stderr:/expression/",
            isRepeatable: true
        ) { (job, text) throws(ValueError) in
            let rule = try Retry.Rule(parsing: text)
            var retry = job.retry ?? Retry(1, on: [])
            retry.rules.append(rule)
            job.retry = retry
        },
        value("back-off", "TIME", "wait before another try; twice as long before each later one, up to a minute") {
            (job, text) throws(ValueError) in
            let wait = try Duration(parsing: text)
            job.retry = Retry(job.retry?.limit ?? 1, on: job.retry?.rules ?? [], backOff: wait)
        },
        flag("restart-on-timeout", "start it again when its time is over, as often as it takes") {
            $0.restartsOnTimeout = $1
        },
        value("start-delay", "TIME", "no other job starts for so long after it") { (job, text) throws(ValueError) in
            job.startDelay = try Duration(parsing: text)
        },
        flag("solo", "run it only alone") { $0.isSolo = $1 },
        flag("measured", "whether its figures matter: it has its cores alone, and is taken back last in a packed pool")
        {
            $0.isMeasured = $1
        },
        value(
            "atomic-output", "keep|remove",
            "output files have their names only when the job succeeded; else they stay as FILE.partial, or go"
        ) { (job, text) throws(ValueError) in
            job.partialOutput = try PartialOutput(parsing: text)
        },
        value("affinity", "PIECE", "own this piece of the machine, and not a slot of the pool") {
            (job, text) throws(ValueError) in job.affinity = try AffinityMask(parsing: text)
        },
        flag("omit-affinity", "take no CPUs of the slot; it may use all") { $0.ignoresAffinity = $1 },
    ]

    private static func value(
        _ name: String, _ placeholder: String, _ help: String, isRepeatable: Bool = false,
        _ set: @escaping @Sendable (inout Job, String) throws(ValueError) -> Void
    ) -> SchedulingOption {
        SchedulingOption(name: name, placeholder: placeholder, help: help, isRepeatable: isRepeatable, set: set)
    }

    private static func flag(
        _ name: String, _ help: String, _ set: @escaping @Sendable (inout Job, Bool) -> Void
    ) -> SchedulingOption {
        SchedulingOption(name: name, placeholder: nil, help: help, isRepeatable: false) {
            (job, text) throws(ValueError) in
            guard let value = Bool(text) else { throw ValueError(text, expected: "true or false") }
            set(&job, value)
        }
    }
}
