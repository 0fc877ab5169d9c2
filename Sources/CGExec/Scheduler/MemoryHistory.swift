/// What the jobs of one category were seen to need. Its size is bounded, however many samples it has taken in.
struct MemoryHistory: Sendable, Equatable, Codable {
    private struct Sample: Sendable, Equatable, Codable {
        var size: Double
        var bytes: Double
    }

    /// Attempts that ended at a limit, together.
    private struct Bound: Sendable, Equatable, Codable {
        var size: Double?
        var bytes: Double
    }

    /// A line above all that was seen: `slope · size + offset`.
    private struct Line: Sendable, Equatable, Codable {
        var slope: Double
        var offset: Double
        /// How far a typical run stays below it.
        var gap: Double
    }

    /// The margin is between these shares.
    private static let leastMargin = 0.03
    private static let mostMargin = 0.10
    /// A line has two parameters; it is not believed before a few more samples have agreed with it.
    private static let samplesForLine = 5
    /// At most so many samples are kept to tell what is typical.
    private static let mostTypical = 128
    /// A larger size that needs less than this share of what a smaller one needs contradicts order.
    private static let order = 0.9

    /// How many peaks are known.
    private(set) var count = 0
    /// How many samples had a size.
    private var sized = 0
    /// The most that any attempt was seen to need.
    private(set) var highest = 0.0
    /// Every `stride`-th sample.
    private var typical: [Sample] = []
    private var stride = 1
    /// The largest size that was seen; 0 when none is known.
    private(set) var largest = 0.0
    private var fit = LeastSquares()
    /// The most that jobs of up to a size were seen to need.
    private var ceiling = Frontier()
    /// The least that jobs of at least a size were seen to need; size and bytes with the sign reversed.
    private var floor = Frontier()
    private(set) var isMonotone = true
    /// How far a typical run stays below the highest.
    private var gap = 0.0
    private var line: Line?
    private var atLimit: Bound?

    /// Takes in a peak that is known.
    mutating func learn(size: Double?, bytes: Double) {
        count += 1
        highest = max(highest, bytes)
        if let bound = atLimit, bytes > bound.bytes { atLimit = nil }
        keep(Sample(size: size ?? 0, bytes: bytes))
        if let size {
            sized += 1
            largest = max(largest, size)
            fit.add(size, bytes)
            ceiling.insert(size: size, value: bytes)
            floor.insert(size: -size, value: -bytes)
            checkOrder(size: size, bytes: bytes)
        }
        gap = highest - Self.median(typical.map(\.bytes))
        line = fittedLine()
    }

    /// Takes in an attempt that ended at a limit.
    mutating func learnBound(size: Double?, bytes: Double) {
        if bytes < highest {
            guard let size else { return }
            ceiling.insert(size: size, value: bytes)
            line = fittedLine()
        } else {
            let other = atLimit ?? Bound(size: size, bytes: bytes)
            var smaller: Double?
            if let size, let other = other.size { smaller = min(size, other) }
            atLimit = Bound(size: smaller, bytes: max(bytes, other.bytes))
        }
    }

    /// What a job of this size should get, if a peak was ever seen.
    func estimate(size: Double?) -> Double? {
        guard count > 0 else { return nil }
        var base = highest
        var gap = gap
        if let size, let line {
            base = ceiling(size, under: line)
            gap = line.gap
        }
        let varies = min(max(gap, Self.leastMargin * base), Self.mostMargin * base)
        // Of n runs one is the highest by chance: the next is above it once in n + 1 times, and by how much nobody knows.
        return base + max(varies, base / Double(count))
    }

    /// What a typical job of this size needs, where that is known: not of a size beyond all that was seen, and not where
    /// such a job ended at a limit.
    func typical(size: Double?) -> Double? {
        guard count > 0, bound(size: size) == nil, size ?? 0 <= largest else { return nil }
        guard let size, let line else { return highest - gap }
        return ceiling(size, under: line) - line.gap
    }

    /// The limit at which jobs not larger than this one ended, while none was seen to need more.
    func bound(size: Double?) -> Double? {
        guard let atLimit else { return nil }
        if let size, let least = atLimit.size, size < least { return nil }
        return atLimit.bytes
    }

    /// The line, but in the range that was seen never above the highest, and never below what a smaller job needed.
    private func ceiling(_ size: Double, under line: Line) -> Double {
        let onLine = line.slope * size + line.offset
        if size > largest { return max(highest, onLine) }
        let least = ceiling.highest(upTo: size) ?? ceiling.points.first?.value ?? highest
        return min(highest, max(onLine, least))
    }

    /// The line of least squares, lifted above all that was seen; nil unless jobs stay closer below it than below
    /// the highest.
    private func fittedLine() -> Line? {
        guard count >= Self.samplesForLine, sized == count, let slope = fit.slope, slope > 0 else { return nil }
        let offset = ceiling.points.reduce(-Double.infinity) { max($0, $1.value - slope * $1.size) }
        let gap = offset - Self.median(typical.map { $0.bytes - slope * $0.size })
        return gap <= self.gap ? Line(slope: slope, offset: offset, gap: gap) : nil
    }

    /// Spread over all that was seen, as jobs often come in the order of their sizes.
    private mutating func keep(_ sample: Sample) {
        if (count - 1) % stride == 0 { typical.append(sample) }
        guard typical.count > Self.mostTypical else { return }
        typical = typical.indices.filter { $0 % 2 == 0 }.map { typical[$0] }
        stride *= 2
    }

    private mutating func checkOrder(size: Double, bytes: Double) {
        if let before = ceiling.highest(below: size), bytes < Self.order * before { isMonotone = false }
        if let after = floor.highest(below: -size), -after < Self.order * bytes { isMonotone = false }
    }

    /// Whether it can have come about by learning: one that was read from somewhere may be damaged, and nothing below
    /// expects that.
    var isSound: Bool {
        let bytes = [highest, gap, atLimit?.bytes ?? 0] + typical.map(\.bytes) + ceiling.points.map(\.value)
        let sizes = [largest, atLimit?.size ?? 0] + typical.map(\.size) + ceiling.points.map(\.size)
        return (0...1 << 53).contains(count) && (0...count).contains(sized) && (1...1 << 53).contains(stride)
            && (count == 0) == typical.isEmpty && typical.count <= Self.mostTypical
            && bytes.allSatisfy { (0...0x1p63).contains($0) } && sizes.allSatisfy { (0..<0x1p64).contains($0) }
            && ceiling.isSound && floor.isSound && fit.isSound
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[(values.count - 1) / 2] }
}

/// A straight line through points, one after another (Welford's sums, which do not cancel).
struct LeastSquares: Sendable, Equatable, Codable {
    private var count = 0.0
    private var meanX = 0.0
    private var meanY = 0.0
    private var squares = 0.0
    private var products = 0.0

    /// Adds a point.
    mutating func add(_ x: Double, _ y: Double) {
        count += 1
        let dx = x - meanX
        meanX += dx / count
        meanY += (y - meanY) / count
        squares += dx * (x - meanX)
        products += dx * (y - meanY)
    }

    /// Whether points can have led to this.
    var isSound: Bool {
        count >= 0 && squares >= 0 && [count, meanX, meanY, squares, products].allSatisfy(\.isFinite)
    }

    /// How steep it is; nil when all points have one `x`.
    var slope: Double? { squares > 0 ? products / squares : nil }
}
