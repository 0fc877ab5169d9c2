import Foundation
import Support
import Testing

@testable import CGExec

@Suite struct TimestampTests {
    private static let dates: [(Int64, String)] = [
        (0, "1970-01-01T00:00:00.000000000Z"), (1, "1970-01-01T00:00:00.000000001Z"),
        (951_782_399_999_999_999, "2000-02-28T23:59:59.999999999Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
        (951_868_800_000_000_000, "2000-03-01T00:00:00.000000000Z"),
        (1_709_164_800_000_000_000, "2024-02-29T00:00:00.000000000Z"),
        (1_735_689_599_000_000_000, "2024-12-31T23:59:59.000000000Z"),
        (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
        (4_107_542_399_000_000_000, "2100-02-28T23:59:59.000000000Z"),
        (Int64.max, "2262-04-11T23:47:16.854775807Z"),
    ]

    @Test(arguments: dates)
    func `known dates`(_ nanoseconds: Int64, _ text: String) {
        #expect(Timestamp(nanosecondsSinceEpoch: nanoseconds).description == text)
        #expect(Timestamp(rfc3339: text)?.nanosecondsSinceEpoch == nanoseconds)
    }

    @Test func `any instant reads back, and agrees with another calendar`() throws {
        let seed = SeededGenerator.newSeed()
        var random = SeededGenerator(seed: seed)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        for _ in 0..<2_000 {
            let stamp = Timestamp(nanosecondsSinceEpoch: .random(in: 0...Int64.max, using: &random))
            try #require(Timestamp(rfc3339: stamp.description) == stamp, "seed \(seed)")
            let date = Date(timeIntervalSince1970: Double(stamp.nanosecondsSinceEpoch / 1_000_000_000))
            let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
            let fields = stamp.description.split { !$0.isNumber }.prefix(6).compactMap { Int($0) }
            try #require(
                fields == [parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second], "seed \(seed)")
        }
    }

    @Test(arguments: [
        "", "2024-02-29", "2024-02-29T00:00:00Z", "2024-02-30T00:00:00.000000000Z", "2023-02-29T00:00:00.000000000Z",
        "2024-13-01T00:00:00.000000000Z", "2024-00-01T00:00:00.000000000Z", "2024-01-01T24:00:00.000000000Z",
        "2024-01-01T00:60:00.000000000Z", "2024-01-01 00:00:00.000000000Z", "2024-01-01T00:00:00,000000000Z",
        "2024-01-01T00:00:00.-00000001Z", "9999-01-01T00:00:00.000000000Z", "2262-04-11T23:47:16.854775808Z",
        "1969-12-31T23:59:59.000000000Z", "2024-01-01T00:00:00.000000000z",
    ])
    func `what is no time of ours is refused`(_ text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func `order`() {
        #expect(Timestamp(nanosecondsSinceEpoch: 1) < Timestamp(nanosecondsSinceEpoch: 2))
    }
}
