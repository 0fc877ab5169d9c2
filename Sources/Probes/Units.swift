/// Sizes and times in the spelling of `cgexec-pool`.
enum Units {
    private static let sizes: [String: Int] = [
        "": 1, "B": 1,
        "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40,
        "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
        "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
    ]

    private static let times: [String: Double] = ["ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9]

    /// Seconds; the longest time taken, since it still fits a clock of 64-bit nanoseconds.
    static let century = 100 * 365 * 24 * 3600.0

    static func bytes(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), let unit = sizes[String(text.dropFirst(digits.count))] else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : bytes
    }

    static func nanoseconds(_ text: String) -> UInt64? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let number = Double(String(digits)), let unit = times[String(text.dropFirst(digits.count))] else {
            return nil
        }
        guard number * unit <= century * 1e9 else { return nil }
        return UInt64(number * unit)
    }
}
