/// The most a job may read from and write to one block device, as `io.max` has it.
public struct IOLimit: Hashable, Sendable {
    /// The device's path, such as `/dev/sda`, or its numbers, such as `8:0`.
    public var device: String
    /// Bytes read a second.
    public var readBytes: UInt64?
    /// Bytes written a second.
    public var writeBytes: UInt64?
    /// Read operations a second.
    public var readOperations: UInt64?
    /// Write operations a second.
    public var writeOperations: UInt64?

    /// Creates a limit; what is nil is not limited.
    public init(
        device: String, readBytes: UInt64? = nil, writeBytes: UInt64? = nil, readOperations: UInt64? = nil,
        writeOperations: UInt64? = nil
    ) {
        self.device = device
        self.readBytes = readBytes
        self.writeBytes = writeBytes
        self.readOperations = readOperations
        self.writeOperations = writeOperations
    }

    /// The keys of `io.max` in the kernel's order, with the value each has here.
    var settings: [(key: String, value: UInt64?)] {
        [("rbps", readBytes), ("wbps", writeBytes), ("riops", readOperations), ("wiops", writeOperations)]
    }

    /// Reads `/dev/sda rbps=10M wbps=1M riops=100 wiops=100`; at least one setting is needed.
    /// - Throws: `ValueError` for a missing device, an unknown key or a zero.
    public init(parsing text: String) throws(ValueError) {
        let error = ValueError(
            text, expected: "a device and rates, such as '/dev/sda rbps=10M wbps=1M riops=100 wiops=100'")
        let parts = text.split(separator: " ")
        guard let device = parts.first, !device.contains("="), parts.count > 1 else { throw error }
        self.init(device: String(device))
        for part in parts.dropFirst() {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let value = try? ByteSize(parsing: String(sides[1])), value.bytes > 0 else {
                throw error
            }
            switch sides[0] {
            case "rbps": readBytes = value.bytes
            case "wbps": writeBytes = value.bytes
            case "riops": readOperations = value.bytes
            case "wiops": writeOperations = value.bytes
            default: throw error
            }
        }
    }
}

extension IOLimit: CustomStringConvertible {
    /// The value as a text for people.
    public var description: String {
        ([device] + settings.compactMap { setting in setting.value.map { "\(setting.key)=\($0)" } }).joined(
            separator: " ")
    }
}

extension IOLimit: Codable {
    /// Reads the value as it stands in JSON.
    public init(from decoder: any Decoder) throws {
        try self.init(parsing: decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the value as it stands in JSON.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
