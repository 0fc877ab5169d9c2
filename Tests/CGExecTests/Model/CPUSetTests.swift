import CGExec
import Support
import Testing

@Suite struct CPUSetTests {
    @Test(arguments: [
        ("0-127", 70, "0-69"), ("3,5,64,200", 3, "3,5,64"), ("3,5", 9, "3,5"), ("7", 0, ""), ("100-103", 2, "100-101"),
    ])
    func `the least so many`(_ all: String, _ count: Int, _ least: String) throws {
        #expect(try CPUSet(parsing: all).prefix(count) == CPUSet(parsing: least))
    }

    @Test(arguments: [
        ("", []), ("\n", []), ("0", [0]), ("0-3,8", [0, 1, 2, 3, 8]), ("8,0-3\n", [0, 1, 2, 3, 8]), ("5-5", [5]),
        (" 1,2 ", [1, 2]), ("63-65", [63, 64, 65]), ("0-2,1-4", [0, 1, 2, 3, 4]), ("65535", [65535]),
    ])
    func `the kernel's list format is read`(_ text: String, _ members: [Int]) throws {
        #expect(try CPUSet(parsing: text).members == members)
    }

    @Test(arguments: [
        ",", "1,", ",1", "1,,2", "-1", "1-", "3-1", "1-2-3", "a", "0x1", "+1", "1 2", "1, 2", "1 -2", "65536",
        "0-99999999999999999999", "٣", "1.5", "0-3:2",
    ])
    func `anything else is refused, with an example`(_ text: String) throws {
        let error = try #require(throws: ValueError.self) { try CPUSet(parsing: text) }
        #expect(error.description.contains("'\(text)'") && error.description.contains("0-3,8"))
    }

    private static func randomMembers(_ random: inout SeededGenerator) -> Set<Int> {
        let largest = [3, 70, 300].randomElement(using: &random) ?? 3
        var members: Set<Int> = []
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let first = Int.random(in: 0...largest, using: &random)
            members.formUnion(first...Int.random(in: first...largest, using: &random))
        }
        return members
    }

    @Test func `is a set, and its text reads back`() throws {
        let seed = SeededGenerator.newSeed()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1_000 {
            let (left, right) = (Self.randomMembers(&random), Self.randomMembers(&random))
            let (a, b) = (CPUSet(left.shuffled(using: &random)), CPUSet(right))
            try #require(
                a.members == left.sorted() && a.count == left.count && a.isEmpty == left.isEmpty, "seed \(seed)")
            try #require(try CPUSet(parsing: a.description) == a, "seed \(seed)")
            try #require(a.union(b) == CPUSet(left.union(right)), "seed \(seed)")
            try #require(a.intersection(b) == CPUSet(left.intersection(right)), "seed \(seed)")
            try #require(a.subtracting(b) == CPUSet(left.subtracting(right)), "seed \(seed)")
            try #require(a.isSubset(of: b) == left.isSubset(of: right), "seed \(seed)")
            try #require((a == b) == (left == right), "seed \(seed)")
            let member = Int.random(in: -1...301, using: &random)
            try #require(a.contains(member) == left.contains(member), "seed \(seed)")
        }
    }

    @Test func `the shortest text`() {
        #expect(CPUSet([3, 1, 2, 7, 9, 8, 20]).description == "1-3,7-9,20")
        #expect(CPUSet().description == "")
    }
}
