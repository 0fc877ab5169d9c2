import Testing

@testable import CGExec

/// What is asked of the model besides estimates.
@Suite struct MemoryModelRuleTests {
    private static func model(_ peaks: [(size: Double, mebibytes: UInt64)]) -> MemoryModel {
        var model = MemoryModel()
        for peak in peaks {
            model.learn(.init(category: "c", size: peak.size, bytes: ByteSize.mib(peak.mebibytes).bytes))
        }
        return model
    }

    struct Failure: Sendable {
        var highest: UInt64 = 0
        var limit: UInt64
        var attempt = 1
        var declared: UInt64?
        var budget: UInt64?
        var expected: UInt64
    }

    @Test(arguments: [
        Failure(limit: 100, expected: 200),
        Failure(highest: 150, limit: 100, expected: 225),
        Failure(highest: 100, limit: 110, declared: 500, expected: 500),
        // Hardly more than what was not enough.
        Failure(highest: 100, limit: 110, declared: 120, expected: 220),
        Failure(limit: 100, declared: 80, expected: 200),
        Failure(limit: 100, budget: 150, expected: 150),
        Failure(limit: 100, attempt: 2, declared: 500, budget: 10_000, expected: 10_000),
        Failure(limit: 100, attempt: 2, expected: 200),
    ])
    func `after a failure there is more`(_ failure: Failure) {
        let model = Self.model(failure.highest > 0 ? [(0, failure.highest)] : [])
        let next = model.afterFailure(
            category: "c", size: 0, limit: .mib(failure.limit), attempt: failure.attempt,
            declared: failure.declared.map { .mib($0) }, budget: failure.budget.map { .mib($0) })
        #expect(next == .mib(failure.expected))
    }

    @Test func `what is typical lies in the middle of what was seen, for its size`() {
        #expect(MemoryModel().typical(category: "c", size: 1) == nil)
        #expect(Self.model([(0, 100)]).typical(category: "c", size: 0) == .mib(100))
        #expect(
            Self.model([(0, 900), (0, 100), (0, 200), (0, 110), (0, 800)]).typical(category: "c", size: 0) == .mib(200))
        #expect(Self.model([(0, 1)]).typical(category: "c", size: 0) == .mib(64))
        // 100 MiB and 10 for each unit of size, and now and then 5 more.
        var peaks: [(size: Double, mebibytes: UInt64)] = []
        for size: UInt64 in 1...20 {
            let more: UInt64 = size % 5 == 0 ? 5 : 0
            peaks.append((Double(size), 100 + 10 * size + more))
        }
        #expect(Self.model(peaks).typical(category: "c", size: 21) == nil, "nobody has seen one so large")
        var failed = Self.model(peaks)
        failed.learn(.init(category: "c", size: 10, bytes: 500 << 20, isCensored: true))
        #expect(failed.typical(category: "c", size: 10) == nil && failed.typical(category: "c", size: 5) != nil)
        for (size, middle): (Double, UInt64) in [(5, 150), (18, 280)] {
            let typical = Self.model(peaks).typical(category: "c", size: size) ?? .mib(0)
            #expect(typical >= .mib(middle - 2) && typical <= .mib(middle + 2), "\(typical)")
        }
    }

    @Test(
        arguments: [
            ([(1, 100), (2, 200), (3, 300)], true),
            ([(1, 100), (2, 91)], true),
            ([(1, 100), (2, 89)], false),
            // The order in which they were seen does not matter.
            ([(2, 89), (1, 100)], false),
            ([(1, 100), (3, 300), (2, 50)], false),
            ([(5, 50), (4, 300), (9, 10)], false),
            // Of one size, or of an unknown one, they may need what they like.
            ([(7, 100), (7, 10), (7, 200)], true),
            ([(0, 100), (7, 10), (0, 1)], true),
        ] as [([(Double, UInt64)], Bool)])
    func `a larger job that needs less contradicts order`(_ peaks: [(Double, UInt64)], _ expected: Bool) {
        #expect(Self.model(peaks.map { (size: $0.0, mebibytes: $0.1) }).isMonotone(category: "c") == expected)
    }

    @Test func `order is assumed where nothing is known, and lost for good`() {
        #expect(MemoryModel().isMonotone(category: "c"))
        var model = Self.model([(1, 100), (2, 50)])
        for size in 3...99 { model.learn(.init(category: "c", size: Double(size), bytes: UInt64(size) << 30)) }
        #expect(!model.isMonotone(category: "c"))
        #expect(model.isMonotone(category: "d"))
    }

    @Test(arguments: [-1, .nan, .infinity, -.infinity, 1e300, .leastNonzeroMagnitude])
    func `what is no size is unknown`(_ size: Double) throws {
        var model = Self.model((1...20).map { (Double($0), 100 * UInt64($0)) })
        _ = model.estimate(category: "c", size: size, declared: nil)
        model.learn(.init(category: "c", size: size, bytes: .max))
        model.learn(.init(category: "c", size: size, bytes: .max, isCensored: true))
        let estimate = try #require(model.estimate(category: "c", size: size, declared: nil))
        #expect(estimate >= .gib(1 << 33))
    }
}
