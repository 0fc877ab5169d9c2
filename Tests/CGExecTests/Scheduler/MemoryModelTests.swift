import Foundation
import Support
import Testing

@testable import CGExec

private let mib: UInt64 = 1 << 20

extension MemoryModel {
    fileprivate mutating func learn(_ mebibytes: UInt64, size: Double = 0, isCensored: Bool = false) {
        learn(.init(category: "c", size: size, bytes: mebibytes * mib, isCensored: isCensored))
    }

    fileprivate func estimate(size: Double = 0, declared: ByteSize? = nil) -> ByteSize? {
        estimate(category: "c", size: size, declared: declared)
    }
}

@Suite struct MemoryModelTests {
    @Test func `nothing is known at first, and of another category never`() {
        var model = MemoryModel()
        #expect(model.estimate(declared: .gib(1)) == nil)
        model.learn(100)
        #expect(model.estimate(declared: .gib(1)) == .mib(200))
        #expect(model.estimate(category: "d", size: 0, declared: .gib(1)) == nil)
    }

    @Test(arguments: [(1, 200), (2, 150), (4, 125), (10, 110), (20, 105), (50, 103), (500, 103)])
    func `with every run that needs the same the margin shrinks`(_ runs: Int, _ expected: UInt64) {
        var model = MemoryModel()
        for _ in 0..<runs { model.learn(100) }
        #expect(model.estimate() == .mib(expected))
    }

    /// Three in four runs need the distance less than the top, so the typical run is that far from it.
    @Test(arguments: [(0, 1030), (20, 1030), (50, 1050), (80, 1080), (500, 1100)])
    func `the margin follows how far a typical run is from the top`(_ distance: UInt64, _ expected: UInt64) {
        var model = MemoryModel()
        for run in 0..<100 { model.learn(run % 4 == 0 ? 1000 : 1000 - distance) }
        #expect(model.estimate() == .mib(expected))
    }

    @Test func `what was declared is the most while nothing needed more`() {
        var model = MemoryModel()
        model.learn(100)
        #expect(model.estimate(declared: .mib(120)) == .mib(120))
        #expect(model.estimate(declared: .mib(100)) == .mib(100))
        #expect(model.estimate(declared: .mib(99)) == .mib(200))
    }

    @Test func `a tiny program gets 64 MiB unless less was declared`() {
        var model = MemoryModel()
        for _ in 0..<20 { model.learn(2) }
        #expect(model.estimate() == .mib(64))
        #expect(model.estimate(declared: .mib(8)) == .mib(8))
    }

    @Test func `where need grows with size the estimate does`() throws {
        var model = MemoryModel()
        for size in 1...50 { model.learn(100 + 10 * UInt64(size), size: Double(size)) }
        let needed: [(size: Double, mebibytes: UInt64)] = [(2, 120), (25, 350), (50, 600), (100, 1100)]
        for (size, mebibytes) in needed {
            let estimate = try #require(model.estimate(size: size)).bytes / mib
            #expect((mebibytes...mebibytes * 104 / 100 + 1).contains(estimate), "size \(size): \(estimate)")
        }
        // Of unknown size: as the largest.
        #expect(model.estimate() == .mib(660))
    }

    @Test func `a size that tells nothing changes nothing`() {
        var model = MemoryModel()
        for run in 0..<50 { model.learn([900, 1000, 910, 990][run % 4], size: Double(run % 7 + 1)) }
        let estimates = [1, 3, 7, 100].map { model.estimate(size: $0) }
        #expect(estimates == [.mib(1090), .mib(1090), .mib(1090), .mib(1090)])
    }

    @Test func `one run of unknown size, and sizes are not believed`() {
        var model = MemoryModel()
        for size in 1...50 { model.learn(100 + 10 * UInt64(size), size: Double(size)) }
        model.learn(600)
        #expect(model.estimate(size: 1) == .mib(660))
    }

    @Test func `an attempt that ended at its limit raises the next ones until one gets through`() {
        var model = MemoryModel()
        model.learn(100, isCensored: true)
        #expect(model.estimate() == .mib(200))
        #expect(model.estimate(declared: .mib(150)) == .mib(150))
        #expect(model.estimate(declared: .mib(110)) == .mib(200))
        model.learn(400, isCensored: true)
        #expect(model.estimate() == .mib(800))
        model.learn(500)
        #expect(model.estimate() == .mib(1000))
        for _ in 0..<49 { model.learn(500) }
        #expect(model.estimate() == .mib(515))
        // Less than what was seen: nothing new.
        model.learn(450, isCensored: true)
        #expect(model.estimate() == .mib(515))
    }

    @Test func `an attempt that ended at its limit says nothing of smaller jobs`() {
        var model = MemoryModel()
        for size in 1...50 { model.learn(100 + 10 * UInt64(size), size: Double(size)) }
        let before = model.estimate(size: 10)
        model.learn(1200, size: 60, isCensored: true)
        #expect(model.estimate(size: 60) == .mib(2400))
        #expect(model.estimate(size: 80) == .mib(2400))
        #expect(model.estimate(size: 10) == before)
    }

    @Test func `an attempt that ended where others need more raises jobs of its size`() throws {
        var model = MemoryModel()
        for size in 1...50 { model.learn(100 + 10 * UInt64(size), size: Double(size)) }
        let before = try #require(model.estimate(size: 20))
        model.learn(before.bytes / mib, size: 20, isCensored: true)
        #expect(try #require(model.estimate(size: 20)) > before)
    }
}
