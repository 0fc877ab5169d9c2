/// A number of bytes.
///
/// Read from texts such as `64MiB`, `1.5G`, `500kB` or `4096`. As in systemd, `K M G T` are powers of 1024;
/// `KiB MiB …` are the same; `kB MB …` are powers of 1000.
public struct ByteSize: Hashable, Comparable, Sendable {
    /// The number of bytes.
    public var bytes: UInt64

    /// Creates a size of so many bytes.
    public init(_ bytes: UInt64) { self.bytes = bytes }

    /// So many times 1024 bytes.
    public static func kib(_ count: UInt64) -> ByteSize { ByteSize(count << 10) }
    /// So many times 1024² bytes.
    public static func mib(_ count: UInt64) -> ByteSize { ByteSize(count << 20) }
    /// So many times 1024³ bytes.
    public static func gib(_ count: UInt64) -> ByteSize { ByteSize(count << 30) }

    /// Whether `left` comes before `right`.
    public static func < (left: ByteSize, right: ByteSize) -> Bool { left.bytes < right.bytes }

    private static let units: [(suffix: String, factor: Double)] = [
        ("", 1), ("B", 1),
        ("K", 0x1p10), ("M", 0x1p20), ("G", 0x1p30), ("T", 0x1p40),
        ("KiB", 0x1p10), ("MiB", 0x1p20), ("GiB", 0x1p30), ("TiB", 0x1p40),
        ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12),
    ]

    /// Reads a size.
    /// - Throws: `ValueError` when the text is not a number with a known unit, negative, or beyond 2⁶³ bytes.
    public init(parsing text: String) throws(ValueError) {
        let error = ValueError(
            text, expected: "a size such as 64MiB, 2G or 4096 (K M G T are powers of 1024, kB MB of 1000)")
        guard let (number, suffix) = splitNumber(text), number >= 0,
            let unit = Self.units.first(where: { $0.suffix == suffix })
        else { throw error }
        let value = (number * unit.factor).rounded()
        guard value < 0x1p63 else { throw error }
        self.init(UInt64(value))
    }
}

/// Splits "1.5GiB" into 1.5 and "GiB". Nil when there is no plain decimal number in front.
package func splitNumber(_ text: String) -> (number: Double, suffix: String)? {
    let digits = text.utf8.prefix { ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: ".") }
    guard let head = String(Substring(digits)) as String?, head.utf8.first != UInt8(ascii: "."),
        head.utf8.last != UInt8(ascii: "."), let number = Double(head)
    else { return nil }
    return (number, String(text.dropFirst(head.count)))
}

/// A number as `splitNumber` reads it: no exponent, at most so many places.
package func decimal(_ number: Double, places: Int) -> String {
    let scale = (0..<places).reduce(UInt64(1)) { scale, _ in scale * 10 }
    let scaled = (number.magnitude * Double(scale)).rounded()
    guard scaled < 0x1p63 else { return "\(number)" }
    let whole = "\(number < 0 ? "-" : "")\(UInt64(scaled) / scale)"
    var rest = pad(UInt64(scaled) % scale, to: places)
    while rest.last == "0" { rest.removeLast() }
    return rest.isEmpty ? whole : "\(whole).\(rest)"
}

extension ByteSize: CustomStringConvertible {
    /// The size in the largest binary unit that needs at most one decimal, such as `1.5 GiB`.
    public var description: String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var unit = 0
        while unit + 1 < units.count, bytes >> (10 * UInt64(unit + 1)) >= 1 { unit += 1 }
        let tenths = (Double(bytes) / Double(UInt64(1) << (10 * UInt64(unit))) * 10).rounded()
        let whole = UInt64(tenths / 10)
        let rest = UInt64(tenths) % 10
        return rest == 0 || unit == 0 ? "\(whole) \(units[unit])" : "\(whole).\(rest) \(units[unit])"
    }
}

extension ByteSize: Codable {
    /// Reads the value as it stands in JSON.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(UInt64.self))
    }

    /// Writes the value as it stands in JSON.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }
}
