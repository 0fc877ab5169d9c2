import Foundation
import Support
import Testing

@testable import CGExec

/// What outlives a run.
@Suite struct LearnedNeedsTests {
    private static let program = ProgramVersion(path: "/usr/bin/xz", digest: "0123456789abcdef")
    private static let mib: UInt64 = 1 << 20

    private static func sample(
        _ mebibytes: UInt64, category: String = "c", program: ProgramVersion? = program, size: Double = 0
    ) -> MemoryModel.Sample {
        .init(category: category, program: program, size: size, bytes: mebibytes * mib)
    }

    private static func time(_ second: Int64) -> Timestamp { Timestamp(nanosecondsSinceEpoch: second * 1_000_000_000) }

    private static func stored(_ needs: LearnedNeeds) throws -> LearnedNeeds {
        try JSONDecoder().decode(LearnedNeeds.self, from: JSONEncoder().encode(needs))
    }

    @Test func `each program of a category, and each kind of host, for itself`() {
        let newer = ProgramVersion(path: "/usr/bin/xz", digest: "ffff")
        var needs = LearnedNeeds()
        for _ in 0..<50 {
            needs.learn([Self.sample(100), Self.sample(200, program: newer)], on: "a", at: Self.time(1))
            needs.learn([Self.sample(300), Self.sample(400, category: "d")], on: "b", at: Self.time(2))
        }
        needs.learn([Self.sample(200, program: newer)], on: "a", at: Self.time(3))
        func estimate(_ host: String, _ program: ProgramVersion?) -> ByteSize? {
            needs.model(for: host).estimate(category: "c", program: program, size: 0, declared: nil)
        }
        #expect(estimate("a", Self.program) == .mib(103) && estimate("a", newer) == .mib(206))
        #expect(estimate("b", Self.program) == .mib(309) && estimate("b", newer) == nil)
        #expect(estimate("a", nil) == nil && estimate("c", Self.program) == nil)
        #expect(needs.entries.map(\.samples).sorted() == [50, 50, 50, 51])
        #expect(needs.estimate(category: "c", size: 0, declared: nil, on: "a") == .mib(206))
        needs.learn([Self.sample(100)], on: "a", at: Self.time(4))
        #expect(needs.estimate(category: "c", size: 0, declared: nil, on: "a") == .mib(103), "the last one counts")
        #expect(needs.estimate(category: "d", size: 0, declared: nil, on: "a") == nil)
    }

    @Test func `a program that has moved is the same, and one that is not known teaches nothing`() {
        let moved = ProgramVersion(path: "/opt/xz", digest: Self.program.digest)
        var needs = LearnedNeeds()
        needs.learn(
            [Self.sample(1), Self.sample(2, program: moved), Self.sample(3, program: nil)], on: "a", at: Self.time(1))
        #expect(needs.entries.map(\.program) == [moved] && needs.entries.map(\.samples) == [2])
    }

    @Test func `those that nothing was learned of for longest go first`() throws {
        var needs = LearnedNeeds()
        for number in 0..<Int64(LearnedNeeds.most) {
            needs.learn([Self.sample(1, category: "\(number)")], on: "a", at: Self.time(1000 - number))
        }
        needs.learn([Self.sample(1, category: "999")], on: "a", at: Self.time(2000))
        try #require(needs.entries.count == LearnedNeeds.most)
        needs.learn([Self.sample(1, category: "new")], on: "a", at: Self.time(2001))
        let left = Set(needs.entries.map(\.category))
        #expect(left.count == LearnedNeeds.most && left.isSuperset(of: ["new", "999", "997"]) && !left.contains("998"))
        needs.forget("new")
        #expect(needs.entries.count == LearnedNeeds.most - 1)
    }

    /// Run again with CGEXEC_TESTS_SEED=N what failed with seed N.
    @Test func `what is stored and read again goes on as if it had not been`() throws {
        let seed = SeededGenerator.newSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            var needs = LearnedNeeds()
            let samples = MemoryModelPropertyTests.samples(400, of: Self.program, using: &random)
            needs.learn(Array(samples.prefix(300)), on: "a", at: Self.time(1))
            var restored = try Self.stored(needs)
            #expect(restored == needs && restored.damage == nil, "CGEXEC_TESTS_SEED=\(seed)")
            needs.learn(Array(samples.dropFirst(300)), on: "a", at: Self.time(2))
            restored.learn(Array(samples.dropFirst(300)), on: "a", at: Self.time(2))
            #expect(restored == needs && restored.model(for: "a") == needs.model(for: "a"), "CGEXEC_TESTS_SEED=\(seed)")
        }
    }

    /// Two pools may write in any order: what they make of it is the same as long as all samples are kept.
    @Test func `the order of samples makes no difference while there are few`() throws {
        let seed = SeededGenerator.newSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let samples = MemoryModelPropertyTests.samples(100, of: Self.program, using: &random).filter {
                !$0.isCensored
            }
            var (one, other) = (LearnedNeeds(), LearnedNeeds())
            one.learn(samples, on: "a", at: Self.time(1))
            for sample in samples.shuffled(using: &random) { other.learn([sample], on: "a", at: Self.time(1)) }
            for size in [0, 1, 5, 20, 30] {
                let estimates = try [one, other].map {
                    let estimate = $0.model(for: "a").estimate(
                        category: "c", program: Self.program, size: Double(size), declared: nil)
                    return try #require(estimate).bytes >> 20
                }
                // Sums of floating-point numbers depend on their order, and the result is rounded up to a mebibyte.
                #expect(
                    max(estimates[0], estimates[1]) - min(estimates[0], estimates[1]) <= 1, "CGEXEC_TESTS_SEED=\(seed)")
            }
        }
    }

    /// With attempts that ended at limits, and more samples than are kept, the order makes a difference; but never so that
    /// a job gets less than one like it was seen to need.
    @Test func `in any order nothing that was seen is forgotten`() throws {
        let seed = SeededGenerator.newSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let samples = MemoryModelPropertyTests.samples(300, of: Self.program, using: &random)
            var needs = LearnedNeeds()
            for part in stride(from: 0, to: samples.count, by: 30).shuffled(using: &random) {
                needs.learn(Array(samples[part..<part + 30]), on: "a", at: Self.time(1))
            }
            let model = needs.model(for: "a")
            for sample in samples where !sample.isCensored {
                let estimate = model.estimate(
                    category: "c", program: Self.program, size: sample.size, declared: nil)
                #expect(try #require(estimate).bytes >= sample.bytes, "CGEXEC_TESTS_SEED=\(seed)")
            }
        }
    }

    /// Every new size is larger and needs more: nothing can be left out without loss.
    @Test func `it does not grow with the number of samples`() throws {
        var needs = LearnedNeeds()
        for size in 1...20_000 {
            let sample = MemoryModel.Sample(
                category: "c", program: Self.program, size: Double(size), bytes: 1 << 30 + UInt64(size) << 16)
            needs.learn([sample], on: "a", at: Self.time(1))
            if size == 100 { try #expect(JSONEncoder().encode(needs).count > 4000) }
        }
        try #expect(JSONEncoder().encode(needs).count < 100_000)
        let estimate = try #require(
            needs.model(for: "a").estimate(category: "c", program: Self.program, size: 10_000, declared: nil))
        let needed = 1 << 30 + 10_000 << 16 as UInt64
        #expect((Double(needed)...1.2 * Double(needed)).contains(Double(estimate.bytes)))
        #expect(needs.entries.first?.largestSize == 20_000 && needs.entries.first?.samples == 20_000)
    }

    @Test(arguments: [
        (#""count":3"#, #""count":-1"#), (#""count":3"#, #""count":4611686018427387904"#),
        (#""count":3"#, #""count":0"#),
        (#""stride":1"#, #""stride":0"#), (#""highest":31457280"#, #""highest":1e300"#),
        (#""largest":3"#, #""largest":-3"#), (#""value":10485760"#, #""value":99999999"#),
        (#""typical":[{"#, #""typical":[{"bytes":-1,"size":1},{"#), (#""sized":3"#, #""sized":4"#),
    ])
    func `what cannot have been learned is damage`(_ part: String, _ damaged: String) throws {
        var needs = LearnedNeeds()
        needs.learn((1...3).map { Self.sample(10 * $0, size: Double($0)) }, on: "a", at: Self.time(1))
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(needs), as: UTF8.self)
        try #require(text.contains(part), "\(text)")
        let other = try JSONDecoder().decode(LearnedNeeds.self, from: Data(text.replacing(part, with: damaged).utf8))
        #expect(needs.damage == nil && other.damage == "entries[0], of the category 'c', cannot be")
    }

    /// From the authors' test vectors (draft-eastlake-fnv, appendix C).
    @Test(arguments: [
        ("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8"),
    ])
    func `the digest of contents`(_ text: String, _ expected: String) {
        var digest = ContentDigest()
        var whole = ContentDigest()
        for byte in text.utf8 { withUnsafeBytes(of: byte) { digest.update($0) } }
        Array(text.utf8).withUnsafeBytes { whole.update($0) }
        #expect(digest.text == expected && whole.text == expected)
    }
}
