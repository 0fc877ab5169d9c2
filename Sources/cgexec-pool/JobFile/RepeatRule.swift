import CGExec

/// How often a job runs, and what for.
struct RepeatRule: Sendable, Hashable {
    /// Runs whose figures count: at least, and at most where more are made until the figure is close enough.
    var least = 1
    var most = 1
    /// Runs before them, whose figures do not count.
    var warmups = 0
    /// The half width of the figure's confidence interval, as a part of its mean, at which there are enough runs.
    var until: Double?
    var figure = Figure.wallSeconds
    /// When their wall times add up to this, there are enough as well.
    var time: Duration?

    /// The most runs where a rule tells none: as good as never reached, and no file runs for ever.
    static let usualMost = 1000

    /// Whether there is more than the one run, or may be.
    var isRepeated: Bool { most > 1 || warmups > 0 || isAdaptive }

    /// Whether the number of runs depends on what they show.
    var isAdaptive: Bool { until != nil || time != nil }

    /// When the figures are close enough; nil where only the time counts.
    var stop: Adaptive? {
        until.map { until in
            var stop = Adaptive()
            (stop.relativeHalfWidth, stop.least, stop.most) = (until, least, most)
            return stop
        }
    }

    /// Such as `10 times, after 2 warm-ups`; nil where it is one run.
    var forPeople: String? {
        guard isRepeated else { return nil }
        let runs = isAdaptive ? "\(least) to \(most) times" : most == 1 ? "once" : "\(most) times"
        return runs + (warmups == 0 ? "" : ", after \(warmups) \(warmups == 1 ? "warm-up" : "warm-ups")")
    }
}

/// In which order the runs of repeated jobs are submitted.
enum RepeatOrder: String, Sendable, CaseIterable {
    /// The first run of each job, then the second of each: what changes on the host meanwhile, its heat above all,
    /// changes the figures of all jobs alike.
    case interleaved
    /// All runs of a job, then those of the next.
    case blocked

    /// - Throws: `ValueError` for anything else.
    init(parsing text: String) throws(ValueError) {
        guard let order = RepeatOrder(rawValue: text) else {
            throw ValueError(text, expected: "interleaved or blocked")
        }
        self = order
    }
}

extension JobFileReader {
    /// Reads `repeat: 10`, or `repeat: {until: 2%}` with more words.
    mutating func repeats(_ field: Field) -> RepeatRule? {
        var rule = RepeatRule()
        guard case .mapping = field.value.content else {
            guard let count = count(field, from: 1) else { return nil }
            (rule.least, rule.most) = (count, count)
            return rule
        }
        let before = problems.count
        var least: Int?
        var most: Int?
        for option in fields(of: field.value, at: field.place, what: "repeat") {
            switch option.key {
            case "min": least = count(option, from: 2)
            case "max": most = count(option, from: 2)
            case "until": rule.until = value(option, Self.part)
            case "of": rule.figure = value(option, Figure.init(parsing:)) ?? rule.figure
            case "for":
                rule.time = value(option) { text throws(ValueError) in
                    let time = try Duration(parsing: text)
                    guard time > .zero else { throw ValueError(text, expected: "a time above 0") }
                    return time
                }
            default: reportUnknown(option, known: ["min", "max", "until", "of", "for"])
            }
        }
        guard problems.count == before else { return nil }
        guard rule.until != nil || rule.time != nil else {
            report(
                field.place,
                "when is it enough? Say until: 2% for the half width of the interval, for: 10m for the time, or both; or a number of runs"
            )
            return nil
        }
        rule.least = least ?? min(Adaptive().least, most ?? .max)
        rule.most = most ?? max(RepeatRule.usualMost, rule.least)
        guard rule.least <= rule.most else {
            report(field.place, "min is \(rule.least), more than the \(rule.most) of max")
            return nil
        }
        return rule
    }

    mutating func count(_ field: Field, from least: Int) -> Int? {
        value(field) { text throws(ValueError) in
            guard let number = Int(text), (least...mostJobs).contains(number) else {
                throw ValueError(text, expected: "a number from \(least) on")
            }
            return number
        }
    }

    private static func part(_ text: String) throws(ValueError) -> Double {
        guard let (number, suffix) = splitNumber(text), suffix == "%", number > 0, number < 100 else {
            throw ValueError(text, expected: "a percentage of the mean above 0, such as 2%")
        }
        return number / 100
    }
}
