/// A point in civil time, written as RFC 3339 in UTC with nanoseconds.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public var nanosecondsSinceEpoch: Int64

    /// Creates a timestamp from nanoseconds since the epoch.
    public init(nanosecondsSinceEpoch: Int64) { self.nanosecondsSinceEpoch = nanosecondsSinceEpoch }

    /// Whether `left` comes before `right`.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch
    }
}

extension Timestamp: CustomStringConvertible {
    /// The value as a text for people.
    public var description: String {
        let seconds = nanosecondsSinceEpoch / 1_000_000_000
        let (year, month, day) = civilDate(daysSinceEpoch: seconds / 86400)
        let time = seconds % 86400
        return
            "\(pad(year, to: 4))-\(pad(month))-\(pad(day))T\(pad(time / 3600)):\(pad(time / 60 % 60)):\(pad(time % 60))"
            + ".\(pad(nanosecondsSinceEpoch % 1_000_000_000, to: 9))Z"
    }
}

/// The Gregorian date of a day number; the civil calendar is cut into eras of 400 years that start on 1 March,
/// so that the leap day is the last of its year.
private func civilDate(daysSinceEpoch days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
}

extension Timestamp: Codable {
    /// Reads the value as it stands in JSON.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = Timestamp(rfc3339: text) else {
            throw ValueError(text, expected: "a UTC time such as 2026-01-31T12:00:00.000000000Z")
        }
        self = value
    }

    /// Writes the value as it stands in JSON.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// Reads back what `description` wrote; other forms of RFC 3339 are not needed here.
    init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 30, bytes[29] == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int64? { Int64(String(decoding: bytes[range], as: UTF8.self)) }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            let fraction = number(20..<29)
        else { return nil }
        let yearFromMarch = month <= 2 ? year - 1 : year
        let era = yearFromMarch / 400
        let yearOfEra = yearFromMarch % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let seconds = days * 86400 + hour * 3600 + minute * 60 + second
        let (whole, isBeyond) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumIsBeyond) = whole.addingReportingOverflow(fraction)
        guard !isBeyond, !sumIsBeyond else { return nil }
        self.init(nanosecondsSinceEpoch: sum)
        // What was not checked above, such as a 30 February, does not come out as it went in.
        guard description == text else { return nil }
    }
}
