import Support
import Testing

@testable import CGExec

/// The form of the file is the one that past versions wrote: who changes it gives it another version.
@Suite struct LearnedFormTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    /// What version 1 wrote of `samples`.
    private static let first = #"""
        {"entries":[{"category":"sized","history":{"atLimit":{"bytes":9663676416,"size":8},"ceiling":{"points":[{\#
        "size":1,"value":1073741824},{"size":2,"value":2147483648},{"size":3,"value":3221225472},{"size":4,\#
        "value":4294967296},{"size":5,"value":5368709120},{"size":6,"value":6442450944}]},"count":6,"fit":{\#
        "count":6,"meanX":3.5,"meanY":3758096384,"products":18790481920,"squares":17.5},"floor":{"points":[{\#
        "size":-6,"value":-6442450944},{"size":-5,"value":-5368709120},{"size":-4,"value":-4294967296},{\#
        "size":-3,"value":-3221225472},{"size":-2,"value":-2147483648},{"size":-1,"value":-1073741824}]},\#
        "gap":3221225472,"highest":6442450944,"isMonotone":true,"largest":6,"line":{"gap":0,"offset":0,\#
        "slope":1073741824},"sized":6,"stride":1,"typical":[{"bytes":1073741824,"size":1},{"bytes":2147483648,\#
        "size":2},{"bytes":3221225472,"size":3},{"bytes":4294967296,"size":4},{"bytes":5368709120,"size":5},{\#
        "bytes":6442450944,"size":6}]},"host":"a","program":{"digest":"cbf29ce484222325","path":"/usr/bin/sort"},\#
        "updated":"2026-01-31T12:00:00.000000000Z"},{"category":"sort","history":{"ceiling":{"points":[]},\#
        "count":1,"fit":{"count":0,"meanX":0,"meanY":0,"products":0,"squares":0},"floor":{"points":[]},"gap":0,\#
        "highest":314572800,"isMonotone":true,"largest":0,"sized":0,"stride":1,"typical":[{"bytes":314572800,\#
        "size":0}]},"host":"a","program":{"digest":"cbf29ce484222325","path":"/usr/bin/sort"},\#
        "updated":"2026-01-31T12:00:00.000000000Z"}],"version":1}
        """#

    private static let samples =
        (1...6).map { MemoryModel.Sample(category: "sized", program: program, size: Double($0), bytes: $0 << 30) } + [
            .init(category: "sized", program: program, size: 8, bytes: 9 << 30, isCensored: true),
            .init(category: "sort", program: program, bytes: 300 << 20),
        ]
    private static let program = ProgramVersion(path: "/usr/bin/sort", digest: "cbf29ce484222325")

    @Test func `what the first version wrote is read and used, and written again as it was`() throws {
        let path = try scratch.write(Self.first + "\n", to: "needs.json")
        let needs = try LearnedFile(path).read()
        #expect(needs.entries.map(\.samples) == [6, 1])
        #expect(needs.entries.map(\.highest) == [.gib(6), .mib(300)])
        #expect(needs.estimate(category: "sort", size: 0, declared: nil, on: "a") == .mib(600))
        let model = needs.model(for: "a")
        let small = try #require(model.estimate(category: "sized", program: Self.program, size: 2, declared: nil))
        #expect(small >= .gib(2) && small < .gib(3))
        let large = try #require(model.estimate(category: "sized", program: Self.program, size: 8, declared: nil))
        #expect(large > .gib(9), "one of that size ended at that limit")
        try LearnedFile(path).update { _ in }
        #expect(contents(of: path) == Self.first + "\n")
    }

    @Test func `what is learned today is written in that form`() throws {
        let path = scratch.file("needs.json")
        let now = try #require(Timestamp(rfc3339: "2026-01-31T12:00:00.000000000Z"))
        try LearnedFile(path).update { $0.learn(Self.samples, on: "a", at: now) }
        #expect(contents(of: path) == Self.first + "\n")
    }
}
