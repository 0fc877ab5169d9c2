import CGExec
import Testing

@Suite struct ByteSizeTests {
    private static let texts: [(String, UInt64)] = [
        ("0", 0), ("4096", 4096), ("7B", 7), ("1K", 1024), ("1KiB", 1024), ("1kB", 1000), ("64MiB", 0x400_0000),
        ("2M", 0x20_0000), ("3MB", 3_000_000), ("1.5G", 0x6000_0000), ("0.5GiB", 0x2000_0000), ("2GB", 2_000_000_000),
        ("1T", 0x100_0000_0000), ("1TiB", 0x100_0000_0000), ("1TB", 1_000_000_000_000), ("007", 7),
    ]

    @Test(arguments: texts)
    func `is read`(_ text: String, _ bytes: UInt64) throws {
        #expect(try ByteSize(parsing: text).bytes == bytes)
    }

    @Test(arguments: [
        "", " ", "MiB", "-1", "+1", "1 MiB", "1mib", "1m", "1KB", "1Kib", "1E", ".5G", "5.G", "1..5G", "1.2.3", "1e3",
        "0x10", "inf", "nan", "1G ", "1GG", "16777216T", "99999999999999999999", "١", "²", "1\0",
    ])
    func `is refused, with an example`(_ text: String) throws {
        let error = try #require(throws: ValueError.self) { try ByteSize(parsing: text) }
        #expect(error.description.contains("'\(text)'") && error.description.contains("64MiB"))
    }

    private static let sizes: [(UInt64, String)] = [
        (0, "0 B"), (1, "1 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (0x10_0000, "1 MiB"),
        (0x400_0000, "64 MiB"), (0x6000_0000, "1.5 GiB"), (0x100_0000_0000, "1 TiB"),
        (0x14_0000_0000_0000, "5120 TiB"), (1_000_000, "976.6 KiB"), (0xF_FFFF, "1024 KiB"),
    ]

    @Test(arguments: sizes)
    func `is written for people`(_ bytes: UInt64, _ text: String) {
        #expect(ByteSize(bytes).description == text)
    }

    @Test func `makers and order`() {
        #expect(ByteSize.kib(1) == ByteSize(1024) && ByteSize.mib(1) == .kib(1024) && ByteSize.gib(1) == .mib(1024))
        #expect(ByteSize.mib(1) < .gib(1) && !(ByteSize.mib(1) < .mib(1)))
    }
}

@Suite struct MemoryAmountTests {
    @Test(arguments: [
        ("64MiB", MemoryAmount.mib(64)), ("0", .size(ByteSize(0))), ("25%", .fraction(0.25)), ("100%", .fraction(1)),
        ("12.5%", .fraction(0.125)), ("0.01%", .fraction(0.0001)),
    ])
    func `is read`(_ text: String, _ amount: MemoryAmount) throws {
        #expect(try MemoryAmount(parsing: text) == amount)
    }

    @Test(arguments: ["", "%", "0%", "100.1%", "-5%", "5 %", "5%%", "0.0000001%", "1e2%", "G%"])
    func `is refused, with an example`(_ text: String) throws {
        let error = try #require(throws: ValueError.self) { try MemoryAmount(parsing: text) }
        #expect(error.description.contains("'\(text)'") && error.description.contains(" such as "))
    }

    @Test(arguments: [
        (MemoryAmount.fraction(0.25), "25%"), (.fraction(1), "100%"), (.fraction(0.125), "12.5%"),
        (.fraction(0.0001), "0.01%"), (.fraction(1.0 / 3), "33.333333333%"), (.mib(64), "64 MiB"),
    ])
    func `is written for people`(_ amount: MemoryAmount, _ text: String) {
        #expect(amount.description == text)
    }

    @Test func `a part needs a whole`() {
        #expect(MemoryAmount.fraction(0.25).resolved(of: .gib(1)) == .mib(256))
        #expect(MemoryAmount.fraction(0.25).resolved(of: nil) == nil)
        #expect(MemoryAmount.mib(3).resolved(of: nil) == .mib(3))
        #expect(MemoryAmount.mib(3).resolved(of: .mib(1)) == .mib(3))
        for strange in [-0.5, .nan, -.infinity] {
            #expect(MemoryAmount.fraction(strange).resolved(of: .gib(1)) == ByteSize(0))
        }
        #expect(MemoryAmount.fraction(.infinity).resolved(of: .gib(1)) == .gib(1))
    }
}
