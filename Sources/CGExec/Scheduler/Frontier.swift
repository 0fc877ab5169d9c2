/// The highest values at growing sizes: of all points, those whose value no point of the same or a smaller size reaches.
///
/// When there are too many, neighbours of nearly the same size become one, with the smaller of their sizes and the larger
/// of their values. So what it says may be too high, but never too low; it is bounded however many points come, and a
/// question costs one binary search.
struct Frontier: Sendable, Equatable, Codable {
    struct Point: Sendable, Equatable, Codable {
        var size: Double
        var value: Double
    }

    /// No more points are kept; at most half as many are left when neighbours were joined.
    static let most = 512

    /// Both size and value grow from each point to the next.
    private(set) var points: [Point] = []

    /// Whether insertions can have led to this.
    var isSound: Bool {
        points.count <= Self.most && points.allSatisfy { $0.size.isFinite && $0.value.isFinite }
            && zip(points, points.dropFirst()).allSatisfy { $0.size < $1.size && $0.value < $1.value }
    }

    /// Adds a point.
    mutating func insert(size: Double, value: Double) {
        if let before = highest(upTo: size), before >= value { return }
        let start = count { $0 < size }
        let end = points[start...].firstIndex { $0.value > value } ?? points.count
        points.replaceSubrange(start..<end, with: CollectionOfOne(Point(size: size, value: value)))
        guard points.count > Self.most else { return }
        var parts = 64
        while points.count > Self.most / 2 {
            joinNeighbours(parts: parts)
            parts /= 2
        }
    }

    /// The highest value of the points of at most this size; nil when there is none.
    func highest(upTo size: Double) -> Double? {
        let index = count { $0 <= size }
        return index > 0 ? points[index - 1].value : nil
    }

    /// The highest value of the points of a smaller size; nil when there is none.
    func highest(below size: Double) -> Double? {
        let index = count { $0 < size }
        return index > 0 ? points[index - 1].value : nil
    }

    /// How many points have a size that is `small`.
    private func count(where small: (Double) -> Bool) -> Int {
        var low = 0
        var high = points.count
        while low < high {
            let middle = (low + high) / 2
            if small(points[middle].size) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Joins the points that lie in the same of so many parts of a power of two.
    private mutating func joinNeighbours(parts: Int) {
        var joined: [Point] = []
        for point in points {
            if let last = joined.last, Self.part(last.size, of: parts) == Self.part(point.size, of: parts) {
                joined[joined.count - 1].value = point.value
            } else {
                joined.append(point)
            }
        }
        points = joined
    }

    private static func part(_ size: Double, of parts: Int) -> Int {
        // All below 2⁻³² and all from 2⁶⁴ on are one part each, so that the number of parts is bounded.
        let magnitude = min(max(size.magnitude, 0x1p-32), 0x1p64)
        return Int(magnitude.exponent) * parts + Int((magnitude.significand - 1) * Double(parts))
    }
}
