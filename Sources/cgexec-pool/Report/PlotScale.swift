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
            case .cpus: [("CPUs", 1)]
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

    struct Tick: Equatable {
        var value: Double
        var label: String
    }

    /// From 0 to a tick at or above `largest`.
    static func linear(to largest: Double, _ quantity: PlotQuantity, ticks wanted: Int = 6) -> PlotScale {
        let largest = largest > 0 && largest.isFinite ? largest : 1
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

    /// From a tick below the least value above 0 to one at or above the largest. Values of 0 have no place on it: they
    /// are drawn at its lower end.
    static func logarithmic(_ values: [Double], _ quantity: PlotQuantity) -> PlotScale {
        let positive = values.filter { $0 > 0 && $0.isFinite }
        guard let least = positive.min(), let largest = positive.max() else {
            return linear(to: 1, quantity)
        }
        let (name, factor) = quantity.unit(for: largest)
        // Twelve decades are more than anybody can read, and more than any clock has.
        let floor = Swift.max(least, largest * 1e-12) / factor
        let first = Int(log10(floor).rounded(.down))
        let last = Int((log10(largest / factor) - 1e-9).rounded(.up))
        let steps = last - first <= 3 ? [1.0, 2, 5] : [1.0]
        var ticks: [Tick] = []
        for decade in first...max(first, last) {
            for step in steps {
                let amount = step * pow(10, Double(decade))
                ticks.append(Tick(value: amount * factor, label: label(amount, places: max(0, -decade))))
            }
        }
        // No more of the axis than the values need.
        let below = ticks.lastIndex { $0.value <= floor * factor * (1 + 1e-9) } ?? 0
        let above = ticks.firstIndex { $0.value >= largest * (1 - 1e-9) } ?? ticks.count - 1
        ticks = Array(ticks[below...max(below, above)])
        if ticks.count > 9 { ticks = ticks.enumerated().filter { $0.offset % 2 == 0 }.map(\.element) }
        let low = ticks[0].value
        return PlotScale(
            low: low, high: Swift.max(largest, ticks[ticks.count - 1].value, low * 2), isLogarithmic: true, unit: name,
            ticks: ticks)
    }

    /// Logarithmic where the values are far apart, else from 0.
    static func fitting(_ values: [Double], _ quantity: PlotQuantity) -> PlotScale {
        let positive = values.filter { $0 > 0 }
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
