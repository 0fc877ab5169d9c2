import Glibc

/// What an axis counts.
enum PlotQuantity {
    case seconds, bytes, cpus, number

    /// A unit in which the largest value has a readable number, and how much it is.
    func unit(for largest: Double) -> (name: String, factor: Double) {
        let units: [(name: String, factor: Double)] =
            switch self {
            case .seconds: [("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("min", 60), ("h", 3600), ("d", 86400)]
            case .bytes: [("B", 1), ("KiB", 0x1p10), ("MiB", 0x1p20), ("GiB", 0x1p30), ("TiB", 0x1p40)]
            case .cpus: [("", 1)]
            case .number: [("", 1)]
            }
        return units.last { largest >= 2 * $0.factor } ?? units[0]
    }

    /// A value for people, in its own unit.
    func text(_ value: Double) -> String {
        let (name, factor) = unit(for: value)
        let amount = value / factor
        let digits = PlotScale.label(amount, places: amount >= 100 || self == .number ? 0 : amount >= 10 ? 1 : 2)
        return name.isEmpty ? digits : "\(digits) \(name)"
    }
}

/// Where a value lies on an axis, and what stands beside it.
struct PlotScale {
    /// The ends of the axis.
    let low: Double
    let high: Double
    let isLogarithmic: Bool
    /// The unit of the labels.
    let unit: String
    let ticks: [Tick]

    /// Nothing that is measured is less, but 0.
    private static let least = 1e-12

    struct Tick: Equatable {
        var value: Double
        var label: String
    }

    /// From 0 to a tick at or above `largest`.
    static func linear(to largest: Double, _ quantity: PlotQuantity, ticks wanted: Int = 6) -> PlotScale {
        let largest = largest >= Self.least && largest.isFinite ? largest : 1
        let (name, factor) = quantity.unit(for: largest)
        let step = max(Self.step(largest / factor / Double(wanted)), quantity == .number ? 1 : 0)
        let count = max(1, Int((largest / factor / step - 1e-9).rounded(.up)))
        let places = step >= 1 ? 0 : Int((-log10(step) - 1e-9).rounded(.up))
        let ticks = (0...count).map { number in
            Tick(value: Double(number) * step * factor, label: label(Double(number) * step, places: places))
        }
        return PlotScale(
            low: 0, high: Double(count) * step * factor, isLogarithmic: false, unit: name, ticks: ticks)
    }

    /// From 0 to the end, be that a tick or not.
    static func time(to end: Double) -> PlotScale {
        let round = linear(to: end, .seconds, ticks: 10)
        guard end >= Self.least, end.isFinite else { return round }
        return PlotScale(
            low: 0, high: end, isLogarithmic: false, unit: round.unit, ticks: round.ticks.filter { $0.value <= end })
    }

    /// From 1, 2 or 5 times a power of ten below the least value above 0 to one above the largest. Values of 0 have
    /// no place on it: they are drawn at its lower end.
    static func logarithmic(_ values: [Double], _ quantity: PlotQuantity) -> PlotScale {
        let positive = values.filter { $0 >= Self.least && $0.isFinite }
        guard let least = positive.min(), let largest = positive.max() else { return linear(to: 1, quantity) }
        // Seconds, as everywhere in this field; of sizes the unit that suits the middle.
        let (name, factor) =
            quantity == .seconds ? ("s", 1) : quantity.unit(for: (least.squareRoot() * largest.squareRoot()))
        // Twelve decades are more than anybody can read, and more than any clock has.
        let bottom = Swift.max(least, largest * 1e-12) / factor
        let first = Int(log10(bottom).rounded(.down))
        let last = Int((log10(largest / factor) + 1e-9).rounded(.down)) + 1
        var all: [(step: Double, decade: Int)] = []
        for decade in first...last { all += [1.0, 2, 5].map { ($0, decade) } }
        func amount(_ tick: (step: Double, decade: Int)) -> Double { tick.step * pow(10, Double(tick.decade)) }
        let below = all.lastIndex { amount($0) <= bottom * (1 + 1e-9) } ?? 0
        let above = all.firstIndex { amount($0) >= largest / factor * (1 - 1e-9) } ?? all.count - 1
        all = Array(all[below...Swift.max(below + 1, above)])
        let ends = (low: amount(all[0]) * factor, high: amount(all[all.count - 1]) * factor)
        // Where there is no room for all, only powers of ten, and then not each of them.
        if all.count > 9 { all = all.filter { $0.step == 1 } }
        let every = (all.count + 8) / 9
        let ticks = all.enumerated().filter { $0.offset % every == 0 }.map { tick in
            let amount = amount(tick.element)
            return Tick(value: amount * factor, label: label(amount, places: Swift.max(0, -tick.element.decade)))
        }
        return PlotScale(low: ends.low, high: ends.high, isLogarithmic: true, unit: name, ticks: ticks)
    }

    /// Logarithmic where the values are far apart, else from 0.
    static func fitting(_ values: [Double], _ quantity: PlotQuantity) -> PlotScale {
        let positive = values.filter { $0 >= Self.least && $0.isFinite }
        guard let least = positive.min(), let largest = positive.max(), largest > least * 50 else {
            return linear(to: values.max() ?? 1, quantity)
        }
        return logarithmic(values, quantity)
    }

    /// From 0 at the lower end to 1 at the upper; what lies beyond is at the end.
    func position(_ value: Double) -> Double {
        guard value > low else { return 0 }
        let share = isLogarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low)
        return Swift.min(1, share)
    }

    /// The least of 1, 2 and 5 times a power of ten that is not below `value`.
    static func step(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return 1 }
        let power = pow(10, log10(value).rounded(.down))
        return ([1.0, 2, 5].first { $0 * power >= value * (1 - 1e-9) } ?? 10) * power
    }

    /// A number with at most so many digits after the point.
    static func label(_ value: Double, places: Int) -> String {
        guard value.magnitude < 1e15 else { return "\(value)" }
        guard places > 0 else { return "\(Int(value.rounded()))" }
        var text = fixed(value, places: places)
        while text.last == "0" { text.removeLast() }
        return text.last == "." ? String(text.dropLast()) : text
    }
}
