import CGExec
import Testing

@Suite struct IOLimitTests {
    @Test(arguments: [
        ("8:0 rbps=1M", IOLimit(device: "8:0", readBytes: 1 << 20)),
        ("/dev/sda wiops=7 rbps=10M", IOLimit(device: "/dev/sda", readBytes: 10 << 20, writeOperations: 7)),
        (
            "/dev/sda rbps=1 wbps=2 riops=3 wiops=4",
            IOLimit(device: "/dev/sda", readBytes: 1, writeBytes: 2, readOperations: 3, writeOperations: 4)
        ),
    ])
    func `is read, and its text reads back`(_ text: String, _ limit: IOLimit) throws {
        #expect(try IOLimit(parsing: text) == limit)
        #expect(try IOLimit(parsing: limit.description) == limit)
    }

    @Test(arguments: [
        "", "/dev/sda", "rbps=1", "/dev/sda rbps", "/dev/sda rbps=", "/dev/sda rbps=0", "/dev/sda rbps=max",
        "/dev/sda bps=1", "/dev/sda rbps=1 x", "/dev/sda rbps=-1",
    ])
    func `is refused, with an example`(_ text: String) throws {
        let error = try #require(throws: ValueError.self) { try IOLimit(parsing: text) }
        #expect(error.description.contains("'\(text)'") && error.description.contains("/dev/sda rbps=10M"))
    }
}

@Suite struct SlotCountTests {
    @Test(arguments: [
        ("auto", SlotCount.auto), ("8", .count(8)), ("50%", .fraction(0.5)), ("150%", .fraction(1.5)),
        ("-1", .allBut(1)), ("1000000", .count(1_000_000)),
    ])
    func `is read`(_ text: String, _ count: SlotCount) throws {
        #expect(try SlotCount(parsing: text) == count)
    }

    @Test(arguments: ["", "0", "-0", "0%", "-50%", "10001%", "1.5", "8 ", "all", "1000001", "-9223372036854775808"])
    func `is refused, with an example`(_ text: String) throws {
        let error = try #require(throws: ValueError.self) { try SlotCount(parsing: text) }
        #expect(error.description.contains("'\(text)'") && error.description.contains("50%"))
    }
}
