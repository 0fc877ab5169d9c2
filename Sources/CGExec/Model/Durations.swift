extension Duration {
    /// So many minutes.
    public static func minutes(_ count: Int) -> Duration { .seconds(count * 60) }
    /// So many hours.
    public static func hours(_ count: Int) -> Duration { .seconds(count * 3600) }

    /// Reads a time such as `250ms`, `1.5s`, `5m`, `2h` or `90` (seconds).
    /// - Throws: `ValueError` for anything else, and for times of a year or more.
    public init(parsing text: String) throws(ValueError) {
        let units = ["ms": 1e-3, "s": 1, "": 1, "m": 60, "h": 3600]
        guard let (number, suffix) = splitNumber(text), let factor = units[suffix], number * factor < 366 * 86400 else {
            throw ValueError(text, expected: "a time such as 500ms, 90s, 5m or 2h")
        }
        self = .nanoseconds(Int64((number * factor * 1e9).rounded()))
    }

    /// The duration in nanoseconds, within what an `Int64` holds, which is 292 years.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let limit: Int64 = seconds < 0 ? .min : .max
        let (whole, isBeyond) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumIsBeyond) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return isBeyond || sumIsBeyond ? limit : sum
    }

    /// The duration in seconds.
    public var seconds: Double { Double(nanoseconds) / 1e9 }

    /// The duration for people: `40 µs`, `87 ms`, `3.42 s`, `2 m 05 s`, `1 h 02 m`.
    public var forPeople: String {
        let milliseconds = nanoseconds / 1_000_000
        switch milliseconds {
        case 0 where nanoseconds != 0: return "\((nanoseconds + 999) / 1000) µs"
        case ..<1000: return "\(milliseconds) ms"
        case ..<60_000:
            let hundredths = (milliseconds + 5) / 10
            return "\(hundredths / 100).\(pad(hundredths % 100)) s"
        case ..<3_600_000: return "\(milliseconds / 60_000) m \(pad(milliseconds / 1000 % 60)) s"
        default: return "\(milliseconds / 3_600_000) h \(pad(milliseconds / 60_000 % 60)) m"
        }
    }
}

/// Two digits, for clock-like texts.
func pad(_ number: some BinaryInteger, to width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
