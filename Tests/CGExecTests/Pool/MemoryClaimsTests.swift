import Testing

@testable import CGExec

/// Pools that were given memory by name, and those that take what is left.
@Suite struct MemoryClaimsTests {
    private static func claim(_ name: String, _ memory: ByteSize?, in cgroup: String? = nil) -> Claim {
        Claim(
            pid: 7, user: 1000, name: name, since: Timestamp(nanosecondsSinceEpoch: 0),
            cpus: memory == nil ? CPUSet([0]) : CPUSet(), memory: memory, cgroup: cgroup)
    }

    @Test func `memory counts, CPUs do not, and neither does the pool that this one is in`() {
        let claims = [
            Self.claim("a", .gib(10), in: "/sys/fs/cgroup/cgexec-1-1"), Self.claim("b", nil),
            Self.claim("outer", .gib(50), in: "/sys/fs/cgroup/cgexec-2-1"),
        ]
        let inside = MemoryClaims(claims, below: "/sys/fs/cgroup/cgexec-2-1/job-1.1/main")
        #expect(inside.others.map(\.name) == ["a"] && inside.sum == .gib(10))
        let beside = MemoryClaims(claims, below: "/sys/fs/cgroup/cgexec-2-12")
        #expect(beside.sum == .gib(60), "a longer name is another pool")
        #expect(MemoryClaims(in: nil, below: nil).sum == ByteSize(0))
    }

    @Test func `who names more than is left is told who has the rest`() {
        let others = MemoryClaims([Self.claim("nightly", .gib(40))], below: nil)
        #expect(others.warning(budget: .gib(60), total: .gib(100)) == nil)
        #expect(
            others.warning(budget: .gib(61), total: .gib(100))
                == "this pool's 61 GiB and what others hold are more than this host's memory of 100 GiB: 40 GiB of memory is"
                + " held by nightly (process 7, user 1000) since 1970-01-01T00:00:00.000000000Z")
        #expect(
            MemoryClaims([], below: nil).warning(budget: .gib(200), total: .gib(100)) == nil, "that is no neighbour's")
    }

    @Test(
        arguments: [(0, nil, 95), (40, nil, 55), (40, 20, 19), (90, 50, 5), (200, nil, 5)]
            as [(UInt64, UInt64?, UInt64)])
    func `a pool without a budget takes what is left`(promised: UInt64, limit: UInt64?, expected: UInt64) {
        let plan = BudgetPlan(asked: nil, total: .gib(100), limit: limit.map { .gib($0) }, promised: .gib(promised))
        #expect(plan.size.bytes >> 30 == expected || plan.size.bytes >> 30 == expected - 1, "\(plan)")
        #expect(plan.reason.contains("that other pools named as theirs") == (promised > 0 && limit != 20), "\(plan)")
    }
}
