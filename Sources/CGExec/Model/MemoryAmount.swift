/// An amount of memory: absolute, or a part of the pool's budget (of the host's memory, for the budget itself).
public enum MemoryAmount: Hashable, Sendable {
    /// So many bytes.
    case size(ByteSize)
    /// A fraction, 0.25 for `25%`.
    case fraction(Double)

    /// So many times 1024 bytes.
    public static func kib(_ count: UInt64) -> MemoryAmount { .size(.kib(count)) }
    /// So many times 1024² bytes.
    public static func mib(_ count: UInt64) -> MemoryAmount { .size(.mib(count)) }
    /// So many times 1024³ bytes.
    public static func gib(_ count: UInt64) -> MemoryAmount { .size(.gib(count)) }

    /// Reads `64MiB` or `25%`.
    /// - Throws: `ValueError` when the text is neither a size nor a percentage above 0 and up to 100.
    public init(parsing text: String) throws(ValueError) {
        guard text.hasSuffix("%") else {
            self = .size(try ByteSize(parsing: text))
            return
        }
        guard let (number, suffix) = splitNumber(text), suffix == "%", number >= 1e-6, number <= 100 else {
            throw ValueError(text, expected: "a percentage above 0 and up to 100, such as 25%")
        }
        self = .fraction(number / 100)
    }

    /// The bytes meant, when the whole is `whole`. Nil for a fraction of an unknown whole.
    public func resolved(of whole: ByteSize?) -> ByteSize? {
        switch self {
        case .size(let size): size
        case .fraction(let fraction):
            whole.map { whole in
                ByteSize(UInt64(Double(whole.bytes) * Double.minimum(1, Double.maximum(0, fraction))))
            }
        }
    }
}

/// A fraction as a percentage that reads back as the same fraction.
func percentage(_ fraction: Double) -> String { decimal(fraction * 100, places: 9) + "%" }

extension MemoryAmount: CustomStringConvertible {
    /// The value as a text for people.
    public var description: String {
        switch self {
        case .size(let size): size.description
        case .fraction(let fraction): percentage(fraction)
        }
    }
}

extension MemoryAmount: Codable {
    /// Reads the value as it stands in JSON.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let bytes = try? container.decode(UInt64.self) {
            self = .size(ByteSize(bytes))
        } else {
            self = try MemoryAmount(parsing: container.decode(String.self))
        }
    }

    /// Writes the value as it stands in JSON.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .size(let size): try container.encode(size.bytes)
        case .fraction: try container.encode(description)
        }
    }
}
