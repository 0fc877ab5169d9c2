import Testing

@testable import CGExec

@Suite struct DurationTests {
    @Test(arguments: [
        ("0", Duration.zero), ("90", .seconds(90)), ("90s", .seconds(90)), ("1.5s", .milliseconds(1500)),
        ("250ms", .milliseconds(250)), ("0.5ms", .microseconds(500)), ("5m", .minutes(5)), ("2h", .hours(2)),
        ("0.001ms", .microseconds(1)), ("8783h", .hours(8783)),
    ])
    func `is read`(_ text: String, _ duration: Duration) throws {
        #expect(try Duration(parsing: text) == duration)
    }

    @Test(arguments: ["", "s", "-1s", "1 s", "1S", "1min", "1d", "1e3s", "1.s", ".5s", "8784h", "inf", "nan", "1h30m"])
    func `is refused, with an example`(_ text: String) throws {
        let error = try #require(throws: ValueError.self) { try Duration(parsing: text) }
        #expect(error.description.contains("'\(text)'") && error.description.contains("500ms"))
    }

    @Test(arguments: [
        (Duration.zero, "0 ms"), (.milliseconds(87), "87 ms"), (.microseconds(999_999), "999 ms"),
        (.milliseconds(3420), "3.42 s"), (.milliseconds(1005), "1.01 s"), (.milliseconds(59_994), "59.99 s"),
        (.seconds(60), "1 m 00 s"), (.seconds(125), "2 m 05 s"),
        (.minutes(60), "1 h 00 m"), (.minutes(62), "1 h 02 m"), (.hours(100), "100 h 00 m"),
    ])
    func `is written for people`(_ duration: Duration, _ text: String) {
        #expect(duration.forPeople == text)
    }

    @Test func `in nanoseconds, within what an Int64 holds`() {
        #expect(Duration.milliseconds(1500).nanoseconds == 1_500_000_000)
        #expect(Duration.milliseconds(-1500).nanoseconds == -1_500_000_000)
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect(Duration.seconds(Int64.min).nanoseconds == .min)
    }

    @Test func `instants saturate`() {
        let instant = Instant(nanoseconds: 1_000_000_000)
        #expect(instant.advanced(by: .seconds(1)).nanoseconds == 2_000_000_000)
        #expect(instant.advanced(by: .seconds(-3)) == .zero)
        #expect(instant.advanced(by: .seconds(Int64.max)) > instant.advanced(by: .hours(1_000_000)))
        #expect(instant.since(Instant(nanoseconds: 400_000_000)) == .milliseconds(600))
        #expect(instant.since(Instant(nanoseconds: 1_000_000_001)) == .zero)
    }
}
