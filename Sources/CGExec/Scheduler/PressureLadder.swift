/// How short the memory of a packed pool is, from what it needs now and how fast that grows.
struct PressureLadder: Sendable {
    enum Level: Int, Sendable, Comparable {
        case green, yellow, red, black

        static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

        /// The part of the budget at which the level begins.
        var entry: Double { [0, 0.8, 0.9, 0.97][rawValue] }
    }

    private let budget: Double
    private let allWorkers: Int
    private(set) var level = Level.green
    /// How many attempts may run: fewer after each postponement, one more after each quiet time.
    private(set) var workers: Int
    /// A reading was asked for and has not come.
    private(set) var isAsking = false
    private var readings: [(at: Instant, need: Double)] = []
    private var nextReading = Instant.zero
    private var lastAlarm: Instant?
    private var lastPostponement: Instant?
    /// Those that are being taken back, and what they held.
    private var victims: [(id: AttemptID, need: Double)] = []
    private var belowSince: Instant?
    private var quietSince: Instant?
    /// Whether the limits of those that run keep them within the budget, however much they grow.
    private var isBounded = false
    /// Whether the workers were halved since the memory was last out of danger.
    private var isHalved = false

    private static let interval = Duration.milliseconds(100)
    private static let alarmInterval = Duration.milliseconds(20)
    private static let memory = Duration.seconds(1)
    private static let cooling = Duration.seconds(5)
    private static let pauseAfterAlarm = Duration.seconds(3)
    private static let pauseBetweenVictims = Duration.seconds(15)
    private static let victimsTime = Duration.seconds(2)
    private static let quiet = Duration.seconds(30)
    /// The part of the budget below which no more need be taken back.
    private static let calm = 0.85
    /// With less time left, in seconds, there is none to lose.
    private static let leastTime = 0.3

    init(budget: ByteSize, workers: Int) {
        self.budget = Double(max(1, budget.bytes))
        allWorkers = workers
        self.workers = workers
    }

    // MARK: Reading

    /// When to read next, while anything runs.
    var nextDue: Instant? { isAsking ? nil : nextReading }

    func isDue(at now: Instant) -> Bool { !isAsking && nextReading <= now }

    mutating func asked() { isAsking = true }

    /// Something starts: what it takes is to be seen soon.
    mutating func began(at now: Instant) {
        let soon = now.advanced(by: Self.interval)
        nextReading = nextReading > now ? min(nextReading, soon) : soon
    }

    /// An attempt is over.
    mutating func ended(_ id: AttemptID, isEmpty: Bool, at now: Instant) {
        victims.removeAll { $0.id == id }
        // What has gone would count as shrinking.
        readings = []
        if isEmpty {
            level = .green
            isHalved = false
            lastAlarm = nil
            isAsking = false
        }
    }

    /// - Parameter most: what all that run may take together, where each has a limit.
    mutating func take(need: ByteSize, most: ByteSize?, at now: Instant, hasWaiting: Bool) {
        isAsking = false
        isBounded = most.map { Double($0.bytes) <= budget } ?? false
        readings.append((now, Double(need.bytes)))
        readings.removeAll { now.since($0.at) > Self.memory }
        let seen = judged(at: now)
        if seen > level {
            level = seen
            belowSince = nil
        } else if seen < level, share < level.entry - 0.05 {
            let since = belowSince ?? now
            belowSince = since
            if now.since(since) >= Self.cooling {
                level = Level(rawValue: level.rawValue - 1) ?? .green
                belowSince = now
            }
        } else {
            belowSince = nil
        }
        if level < .black { isHalved = false }
        if level >= .red { lastAlarm = now }
        recover(at: now, hasWaiting: hasWaiting)
        let isAlarmed = lastAlarm.map { now.since($0) < Self.memory } ?? false
        nextReading = now.advanced(by: isAlarmed ? Self.alarmInterval : Self.interval)
    }

    /// What the pool needs without what is being taken back, as a part of the budget.
    private var share: Double { max(0, wholeShare - victims.reduce(0) { $0 + $1.need } / budget) }

    /// What the pool needs as a part of the budget.
    private var wholeShare: Double { (readings.last?.need ?? 0) / budget }

    private func judged(at now: Instant) -> Level {
        let average = readings.reduce(0) { $0 + $1.need } / Double(max(1, readings.count)) / budget
        let left = timeToFull
        if share >= Level.black.entry || left < Self.leastTime { return .black }
        if average >= Level.red.entry && share >= Level.yellow.entry || left < 2 { return .red }
        return share >= Level.yellow.entry ? .yellow : .green
    }

    /// Seconds until the budget is used up, if the need grows on as in the last second.
    private var timeToFull: Double {
        guard !isBounded, let first = readings.first, let last = readings.last, first.at < last.at else {
            return .infinity
        }
        let growth = (last.need - first.need) / last.at.since(first.at).seconds
        return growth > 0 ? max(0, 1 - share) * budget / growth : .infinity
    }

    private mutating func recover(at now: Instant, hasWaiting: Bool) {
        guard level == .green, hasWaiting, workers < allWorkers else { return quietSince = nil }
        let since = quietSince ?? now
        quietSince = since
        if now.since(since) >= Self.quiet {
            workers += 1
            quietSince = now
        }
    }

    // MARK: Deciding

    /// Whether something may start.
    func admits(at now: Instant) -> Bool {
        level == .green && lastAlarm.map { now.since($0) >= Self.pauseAfterAlarm } ?? true
    }

    /// Whether another attempt is to be taken back now: when it is serious one at a time, with a pause to see what it
    /// brought; when there is no time left, as many as it takes.
    func wantsVictim(at now: Instant) -> Bool {
        if isBounded { return false }
        switch level {
        case .green, .yellow: return false
        case .red:
            guard let lastPostponement else { return true }
            return victims.isEmpty && now.since(lastPostponement) >= Self.pauseBetweenVictims
        case .black:
            // The level is left only after a while; what counts is how short memory is now, and memory that victims have
            // not given back in time counts as taken.
            let isLate = lastPostponement.map { now.since($0) >= Self.victimsTime } ?? false
            return (isLate ? wholeShare : share) >= Self.calm || timeToFull < Self.leastTime
        }
    }

    /// The kernel ended a job because an estimate was too low, its own or those of all together: so many beside each other
    /// were too many.
    mutating func ranOut() {
        workers = max(1, workers - 1)
        quietSince = nil
    }

    /// - Parameter left: how many go on.
    mutating func postponing(_ id: AttemptID, need: ByteSize, left: Int, at now: Instant) {
        switch level {
        // Half, once for the whole shortage; as many as it leaves in peace have been seen to fit.
        case .black where isHalved: workers = max(1, min(workers, left))
        case .black:
            workers = max(1, workers / 2)
            isHalved = true
        case .green, .yellow, .red: workers = max(1, workers - 1)
        }
        victims.append((id, Double(need.bytes)))
        lastPostponement = now
        lastAlarm = now
        quietSince = nil
    }
}
