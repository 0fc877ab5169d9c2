import Foundation
import Testing

@testable import CGExec

@Suite struct LimitOptionTests {
    /// For each option texts that are right.
    private static let good: [String: [String]] = [
        "memory": ["64MiB", "25%", "33.3333%", "0.01%", "1"], "need": ["1.5G", "100%"], "swap": ["0", "1GiB"],
        "cpus": ["1", "64"], "cpuset": ["0-3,8"], "mems": ["0"], "cpu-quota": ["150%", "1%", "33.25%", "6400%"],
        "cpu-weight": ["1", "10000"], "pids": ["1", "4194304"], "on-pids": ["fail", "kill"],
        "io": ["/dev/sda rbps=10M wiops=5"], "timeout": ["5m", "0.001ms", "1.25s", "8783h"],
        "cpu-timeout": ["90", "10ms"], "grace": ["0", "2s"], "output-limit": ["10MiB", "0"], "files": ["3", "1024"],
        "core": ["0", "1G"],
        "thrash": ["full>60% for 10s", "some>12.5% for 1.5s", "full>1% for 500ms", "full>99% for 2h"],
        "delegate": ["true"],
    ]

    /// For each option texts that are wrong.
    private static let bad: [String: [String]] = [
        "memory": ["0", "0%", "101%", "64Mb", ""], "need": ["0", "x"], "swap": ["-1", "50%"],
        "cpus": ["0", "1.5", "-1"],
        "cpuset": ["", "3-1"], "mems": ["", "a"], "cpu-quota": ["0%", "0.5%", "150", "inf%", "1000001%"],
        "cpu-weight": ["0", "10001"], "pids": ["0", "4194305", "max"], "on-pids": ["stop", ""], "io": ["/dev/sda", ""],
        "timeout": ["0", "1d", "-5s"], "cpu-timeout": ["0s", ""], "grace": ["soon"], "output-limit": ["10 MiB"],
        "files": ["2", "1048577"], "core": ["unlimited"],
        "thrash": [
            "full>60%", "all>60% for 10s", "full>0% for 10s", "full>100% for 10s", "full>60 for 10s",
            "full>60% for 499ms", "full>60% for  10s", "full>60% for soon", "",
        ],
        "delegate": ["yes", "1", ""],
    ]

    private static func roundTrip(_ limits: Limits) throws -> Limits {
        try JSONDecoder().decode(Limits.self, from: try JSONEncoder().encode(limits))
    }

    @Test func `the tables here have every option`() {
        let names = LimitOption.all.map(\.name).sorted()
        #expect(Self.good.keys.sorted() == names && Self.bad.keys.sorted() == names)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { LimitOption.named($0)?.name == $0 } && LimitOption.named("memroy") == nil)
        #expect(LimitOption.all.allSatisfy { !$0.help.isEmpty })
    }

    @Test(arguments: LimitOption.all.map(\.name))
    func `what was read is what JSON gives back`(_ name: String) throws {
        let option = try #require(LimitOption.named(name))
        for text in try #require(Self.good[name]) {
            var limits = Limits()
            try option.apply(text, to: &limits)
            #expect(limits != Limits(), "\(text)")
            let back = try Self.roundTrip(limits)
            #expect(back == limits, "\(text)")
            let keys = try JSONSerialization.jsonObject(with: try JSONEncoder().encode(limits)) as? [String: Any]
            #expect(keys?.keys.map { $0 } == [name], "\(text)")
        }
    }

    @Test(arguments: LimitOption.all.map(\.name))
    func `what is wrong says what was given and what would be right`(_ name: String) throws {
        let option = try #require(LimitOption.named(name))
        for text in try #require(Self.bad[name]) {
            var limits = Limits()
            let error = try #require(throws: ValueError.self) { try option.apply(text, to: &limits) }
            #expect(error.description.hasPrefix("'\(text)' is not valid: expected "))
            #expect(limits == Limits(), "\(text)")
        }
    }

    @Test func `all together`() throws {
        var limits = Limits()
        for option in LimitOption.all { try option.apply(try #require(Self.good[option.name]?.first), to: &limits) }
        try LimitOption.named("io")?.apply("8:0 wbps=1M", to: &limits)
        #expect(limits.io.count == 2)
        #expect(try Self.roundTrip(limits) == limits)
        #expect(try Self.roundTrip(Limits()) == Limits())
    }

    @Test func `values in JSON are bytes, seconds and texts`() throws {
        var limits = Limits(memory: .mib(1), cpus: 2, timeout: .milliseconds(1500))
        limits.cpuQuota = 1.5
        limits.need = .fraction(0.25)
        limits.delegate = true
        limits.io = [IOLimit(device: "8:0", readBytes: 5)]
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let expected =
            #"{"cpu-quota":"150%","cpus":2,"delegate":true,"io":["8:0 rbps=5"],"memory":1048576,"need":"25%","#
            + #""timeout":1.5}"#
        #expect(String(decoding: try encoder.encode(limits), as: UTF8.self) == expected)
    }

    @Test(arguments: [#"{"memory":"much"}"#, #"{"pids":0}"#, #"{"timeout":-1}"#, #"{"cpus":1.5}"#, #"{"io":["x"]}"#])
    func `JSON of no limit is refused`(_ json: String) {
        #expect(throws: (any Error).self) { try JSONDecoder().decode(Limits.self, from: Data(json.utf8)) }
    }

    @Test func `JSON of a later version is read as far as it is known`() throws {
        let limits = try JSONDecoder().decode(Limits.self, from: Data(#"{"pids":5,"someday":[{"a":1}]}"#.utf8))
        #expect(limits == Limits(pids: 5))
    }

    @Test func `sizes beyond every machine do not trap`() throws {
        var limits = Limits(memory: .size(ByteSize(.max)))
        limits.swap = ByteSize(.max)
        limits.core = ByteSize(.max)
        limits.outputLimit = ByteSize(.max)
        limits.timeout = .seconds(Int64.max)
        limits.cpuQuota = .infinity
        limits.need = .fraction(.nan)
        #expect(throws: Never.self) { try JSONEncoder().encode(limits) }
        let keys = Set(Job("j", ["true"], limits: limits).problems(cpus: CPUSet([0]), budget: nil).map(\.key))
        #expect(keys == ["memory", "swap", "core", "output-limit", "timeout", "cpu-quota", "need"])
    }
}
