/// The number of a job in its pool; jobs are numbered from 1 in the order of their submission.
public struct JobID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The number.
    public let number: Int

    /// Creates the id with this number.
    public init(_ number: Int) { self.number = number }

    /// Whether `left` comes before `right`.
    public static func < (left: JobID, right: JobID) -> Bool { left.number < right.number }

    /// The value as a text for people.
    public var description: String { "\(number)" }

    /// Reads the value as it stands in JSON.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(Int.self))
    }

    /// Writes the value as it stands in JSON.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

/// One try at a job, in one fresh leaf.
struct AttemptID: Hashable, Sendable, CustomStringConvertible {
    var job: JobID
    /// Counted from 1.
    var number: Int

    var description: String { "\(job).\(number)" }
}

/// The number of a group of jobs in its pool.
public struct JobGroupID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number.
    public let number: Int

    /// Creates the id with this number.
    public init(_ number: Int) { self.number = number }

    /// Whether `left` comes before `right`.
    public static func < (left: JobGroupID, right: JobGroupID) -> Bool { left.number < right.number }

    /// The value as a text for people.
    public var description: String { "\(number)" }
}
