/// The most that a job may stall on memory while it is at its own memory limit. A program that reads its files again
/// and again because its limit holds too few of them is never killed by the kernel; this is how it ends.
public struct ThrashLimit: Hashable, Sendable {
    /// Which of its tasks must wait.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// At least one.
        case some
        /// All that are not idle, so that nothing gets done.
        case full
    }

    /// Which of its tasks must wait.
    public var kind: Kind
    /// More than this part of the time, 0.6 for `60%`.
    public var fraction: Double
    /// In a time so long.
    public var duration: Duration

    /// Ends a job that waits for more than `fraction` of `duration`.
    public init(_ kind: Kind, above fraction: Double, for duration: Duration) {
        self.kind = kind
        self.fraction = fraction
        self.duration = duration
    }

    /// Reads `full>60% for 10s`.
    /// - Throws: `ValueError` for anything else, and for times below 500 ms, the kernel's shortest window.
    public init(parsing text: String) throws(ValueError) {
        let error = ValueError(
            text,
            expected: "some or full, a percentage from 1% to 99%, and a time from 500ms on, as in full>60% for 10s")
        let parts = text.split(separator: ">", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])) else { throw error }
        let words = parts[1].split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[1] == "for", let (number, suffix) = splitNumber(String(words[0])),
            suffix == "%", number >= 1, number <= 99, let time = try? Duration(parsing: String(words[2])),
            time >= Self.shortest
        else { throw error }
        self.init(kind, above: number / 100, for: time)
    }

    /// The kernel takes no shorter window on every version (psi.rst).
    private static let shortest = Duration.milliseconds(500)
}

extension ThrashLimit: CustomStringConvertible {
    /// The value as a text for people, which reads back as the same.
    public var description: String {
        "\(kind.rawValue)>\(percentage(fraction)) for \(decimal(duration.seconds, places: 9))s"
    }
}
