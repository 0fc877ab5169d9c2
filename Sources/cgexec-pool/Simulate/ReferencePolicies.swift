// Policies to compare with, as we understand the literature. None of them reserves less than 16 MiB, as small programs
// vary by more than their size.

private let least = 0x1p24

/// What was seen of each category.
struct SeenJobs {
    private(set) var jobs: [String: [TraceJob]] = [:]

    subscript(_ category: String) -> [TraceJob] { jobs[category] ?? [] }

    mutating func add(_ job: TraceJob) { jobs[job.category, default: []].append(job) }

    func highest(_ category: String) -> Double { self[category].map(\.peak).max() ?? 0 }
}

/// From the third job of a category on the 95th percentile of the peaks, and the double after a failure.
struct PercentilePolicy: MemoryPolicy {
    private var peaks: [String: [Double]] = [:]

    func reservation(for job: TraceJob) -> Double {
        guard let peaks = peaks[job.category], peaks.count >= 3 else { return job.declared }
        let rank = 0.95 * Double(peaks.count - 1)
        let below = peaks[Int(rank)]
        let above = peaks[min(Int(rank) + 1, peaks.count - 1)]
        return max(least, below + (above - below) * (rank - rank.rounded(.down)))
    }

    mutating func learn(_ job: TraceJob) {
        let index = peaks[job.category, default: []].firstIndex { $0 > job.peak }
        peaks[job.category, default: []].insert(job.peak, at: index ?? peaks[job.category, default: []].count)
    }
}

/// Witt et al. (HPCS 2019): a line of least squares over the size, higher by the standard deviation of the errors that
/// it made before, and the double after a failure. Used once half a dozen jobs of the category were seen.
struct RegressionPolicy: MemoryPolicy {
    private var seen = SeenJobs()
    private var errors: [String: [Double]] = [:]

    private static let start = 6

    func reservation(for job: TraceJob) -> Double {
        let jobs = seen[job.category]
        guard jobs.count >= Self.start else { return job.declared }
        let line = Self.line(jobs)
        let errors = errors[job.category] ?? jobs.map { $0.peak - line($0.size) }
        return max(least, line(job.size) + Self.deviation(errors))
    }

    mutating func learn(_ job: TraceJob) {
        let jobs = seen[job.category]
        if jobs.count >= Self.start {
            errors[job.category, default: []].append(job.peak - Self.line(jobs)(job.size))
        }
        seen.add(job)
    }

    private static func line(_ jobs: [TraceJob]) -> (Double) -> Double {
        let size = mean(jobs.map(\.size))
        let peak = mean(jobs.map(\.peak))
        let squares = jobs.reduce(0) { $0 + ($1.size - size) * ($1.size - size) }
        let products = jobs.reduce(0) { $0 + ($1.size - size) * ($1.peak - peak) }
        let slope = squares > 0 ? products / squares : 0
        return { peak + slope * ($0 - size) }
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    private static func deviation(_ values: [Double]) -> Double {
        let middle = mean(values)
        return mean(values.map { ($0 - middle) * ($0 - middle) }).squareRoot()
    }
}

/// Tovar et al. (TPDS 2018): of all peaks that were seen the one that would have wasted least, had it been the first
/// reservation and the highest peak the second. After a failure the highest peak, then what was declared.
struct LeastWastePolicy: MemoryPolicy {
    private var seen = SeenJobs()

    func reservation(for job: TraceJob) -> Double {
        let jobs = seen[job.category].sorted { $0.peak < $1.peak }
        guard jobs.count >= 3, let highest = jobs.last?.peak else { return job.declared }
        let all = jobs.reduce(0) { $0 + $1.seconds }
        var covered = 0.0
        var best = (reservation: highest, cost: Double.infinity)
        for job in jobs {
            covered += job.seconds
            let cost = job.peak * all + highest * (all - covered)
            if cost < best.cost { best = (job.peak, cost) }
        }
        return max(least, best.reservation)
    }

    func next(for job: TraceJob, after limit: Double, attempt: Int) -> Double {
        let highest = seen.highest(job.category)
        return highest > limit ? highest : max(job.declared, 2 * limit)
    }

    mutating func learn(_ job: TraceJob) { seen.add(job) }
}

/// The highest peak of the category, and a margin.
struct HighestPolicy: MemoryPolicy {
    /// The margin as a share of the highest peak.
    let margin: Double
    /// Whether the margin is at least 1/n after n jobs. If so the policy begins with the first job, and goes back to what
    /// was declared after a failure; else it begins with the third, and doubles.
    let followsCount: Bool
    private var highest: [String: (peak: Double, count: Int)] = [:]

    init(margin: Double, followsCount: Bool) {
        self.margin = margin
        self.followsCount = followsCount
    }

    func reservation(for job: TraceJob) -> Double {
        guard let (peak, count) = highest[job.category], followsCount || count >= 3 else { return job.declared }
        return max(least, peak * (1 + (followsCount ? max(margin, 1 / Double(count)) : margin)))
    }

    func next(for job: TraceJob, after limit: Double, attempt: Int) -> Double {
        followsCount ? max(job.declared, 2 * limit) : 2 * limit
    }

    mutating func learn(_ job: TraceJob) {
        let (peak, count) = highest[job.category] ?? (0, 0)
        highest[job.category] = (max(peak, job.peak), count + 1)
    }
}
