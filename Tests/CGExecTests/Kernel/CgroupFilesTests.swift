import Support
import Testing

@testable import CGExec

/// The formats of the kernel's files: what is there is read, what is missing or odd stays missing.
struct CgroupFilesTests {
    @Test(
        arguments: [
            ("usage_usec 12\nuser_usec 7\n", ["usage_usec": 12, "user_usec": 7]),
            (
                "low 0\nhigh 0\nmax 5\noom 1\noom_kill 2\noom_group_kill 1\n",
                ["low": 0, "high": 0, "max": 5, "oom": 1, "oom_kill": 2, "oom_group_kill": 1]
            ),
            ("anon 18446744073709551615", ["anon": .max]),
            ("", [:]), ("\n\n", [:]), ("lonely\n", [:]), ("a b c\n", [:]), ("key value\n", [:]), ("key -1\n", [:]),
            ("key 18446744073709551616\n", [:]), ("key 1.5\n", [:]),
            ("good 1\nbad\nalso_good 2\n", ["good": 1, "also_good": 2]),
        ] as [(String, [String: UInt64])])
    func `flat keyed`(text: String, values: [String: UInt64]) {
        let file = FlatKeyed(text)
        for (key, value) in values { #expect(file[key] == value) }
        // Every word of the text that is not among them has no value.
        for word in text.split(whereSeparator: \.isWhitespace).map(String.init) where values[word] == nil {
            #expect(file[word] == nil)
        }
        #expect(file["absent"] == nil)
    }

    @Test func `memory.stat of a real kernel`() {
        let text = """
            anon 4096
            file 12288
            kernel 339968
            shmem 0
            pgfault 120
            pgmajfault 3
            slab_reclaimable 1040

            """
        let file = FlatKeyed(text)
        #expect(file["anon"] == 4096 && file["shmem"] == 0 && file["pgmajfault"] == 3)
        #expect(file["slab_unreclaimable"] == nil, "missing is not zero")
    }

    @Test func `nested keyed`() {
        let file = NestedKeyed(
            "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353\n7:0 \n254:0 rbps=max wbps=1048576\n")
        #expect(file.names == ["8:16", "7:0", "254:0"])
        #expect(file.number("8:16", "wbytes") == 314_773_504)
        #expect(file.number("8:16", "dbytes") == nil)
        #expect(file.number("7:0", "rbytes") == nil, "a device without figures tells nothing")
        #expect(file.value("254:0", "rbps") == "max" && file.number("254:0", "rbps") == nil)
        #expect(file.number("9:9", "rbytes") == nil)
    }

    @Test func `nested keyed with odd lines`() {
        let file = NestedKeyed("\n  \nname\nname2 = =1 a= a=2 b=1=2 c\n")
        #expect(file.names == ["name", "name2"])
        #expect(file.value("name2", "a") == "", "the first one counts")
        #expect(file.value("name2", "b") == "1=2")
        #expect(file.value("name2", "c") == nil)
    }

    @Test(
        arguments: [
            ("max\n", .max), ("0\n", .number(0)), ("67108864", .number(67_108_864)), ("  7  \n", .number(7)),
            ("18446744073709551615\n", .number(.max)),
        ] as [(String, SingleValue)])
    func `single value`(text: String, value: SingleValue) { #expect(SingleValue(text) == value) }

    @Test(arguments: ["", "\n", "min", "-1", "1.5", "18446744073709551616", "0x10"])
    func `no single value`(text: String) { #expect(SingleValue(text) == nil) }

    @Test func `an absent file has no single value`() {
        #expect(SingleValue(nil) == nil)
        #expect(SingleValue("max")?.number == nil)
        #expect(SingleValue("5")?.number == 5)
    }

    @Test func `pressure`() {
        let full = Usage.Stall(
            pressure:
                "some avg10=0.00 avg60=1.20 avg300=0.50 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=250000\n"
        )
        #expect(full == Usage.Stall(someSeconds: 1.5, fullSeconds: 0.25))
        let some = Usage.Stall(pressure: "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
        #expect(some == Usage.Stall(someSeconds: 0, fullSeconds: nil), "CPU pressure had no full line before 5.13")
        for text in [nil, "", "some avg10=0.00\n", "full total=5\n", "some total=x\n"] {
            #expect(Usage.Stall(pressure: text) == nil, "\(text ?? "nil")")
        }
    }

    /// Whatever bytes a file holds, reading them ends, and gives no value that is not in the text.
    @Test func `random bytes never crash a parser`() {
        let seed = SeededGenerator.newSeed()
        var dice = SeededGenerator(seed: seed)
        let alphabet = Array("some full total= =\n \t0123456789 max :/..0::/ - cgroup2 rw,ro \\040 \u{0}é".utf8)
        for _ in 0..<3_000 {
            let length = Int.random(in: 0...80, using: &dice)
            let plain = Bool.random(using: &dice)
            let bytes = (0..<length).map { _ in
                plain ? alphabet.randomElement(using: &dice) ?? 0 : UInt8.random(in: 0...255, using: &dice)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            for key in ["some", "full", "max", "total", ":/"] {
                guard let value = FlatKeyed(text)[key] else { continue }
                #expect(text.utf8.firstRange(of: "\(key) ".utf8) != nil, "CGEXEC_TESTS_SEED=\(seed)")
                #expect(text.utf8.contains { (0x30...0x39).contains($0) } && value <= .max)
            }
            let nested = NestedKeyed(text)
            for name in nested.names {
                // Byte by byte: a piece may begin or end within what Unicode calls one character.
                #expect(text.utf8.firstRange(of: name.utf8) != nil, "CGEXEC_TESTS_SEED=\(seed)")
                if let value = nested.value(name, "total") {
                    #expect(text.utf8.firstRange(of: "total=\(value)".utf8) != nil, "CGEXEC_TESTS_SEED=\(seed)")
                }
            }
            _ = SingleValue(text)
            _ = Usage.Stall(pressure: text)
            _ = StallWitness.total(.some, text)
            _ = LeafSettings.hostHasSwap(meminfo: text)
            _ = Host.totalMemory(meminfo: text)
            let mount = CgroupMount.parse(mountinfo: text) ?? CgroupMount(path: "/m", root: "/", isReadOnly: false)
            _ = mount.ownCgroup(procCgroup: text)
        }
    }
}
