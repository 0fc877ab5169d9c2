import Glibc
import Support
import Testing

@testable import CGExec

/// What pools of one machine tell each other.
@Suite struct ClaimFolderTests {
    private let scratch: ScratchDirectory
    private let folder: ClaimFolder

    init() throws {
        scratch = try ScratchDirectory()
        folder = ClaimFolder(scratch.path)
    }

    private static func claim(_ cpus: Int..., cgroup: String? = nil) -> Claim {
        Claim(pid: getpid(), user: geteuid(), name: "test", since: civilNow(), cpus: CPUSet(cpus), cgroup: cgroup)
    }

    @Test func `a claim holds until it is released`() throws {
        let first = try #require(try folder.take { others in others.isEmpty ? Self.claim(0, 1) : nil })
        var seen: [CPUSet] = []
        let second = try folder.take { others in
            seen = others.map(\.cpus)
            return Claim?.none
        }
        #expect(second == nil && seen == [CPUSet([0, 1])])
        #expect(try folder.claims().map(\.pid) == [getpid()])
        first.release()
        first.release()
        #expect(try folder.claims().isEmpty)
    }

    @Test func `a claim whose owner is dead holds no longer`() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.path as String] in
            let held = try ClaimFolder(path).take { _ in Self.claim(3) }
            withExtendedLifetime(held) { _ = kill(getpid(), SIGKILL) }
        }
        #expect(scratch.names.contains { $0.hasPrefix("claim-") })
        #expect(try folder.claims().isEmpty)
        #expect(scratch.names == ["lock"])
    }

    @Test func `what is no claim holds nothing, and nobody waits for it`() throws {
        _ = try scratch.write("nonsense", to: "claim-1")
        _ = try scratch.write(String(repeating: " ", count: 100_000), to: "claim-2")
        try #require(symlink("/dev/zero", scratch.path + "/claim-3") == 0)
        try #require(mkfifo(scratch.path + "/claim-4", 0o600) == 0)
        try #require(mkdir(scratch.path + "/claim-5", 0o700) == 0)
        // Nor is what only looks like a pool's cgroup.
        try #require(mkfifo(scratch.path + "/cgroup.events", 0o600) == 0)
        let dead =
            #"{"pid":1,"user":\#(geteuid()),"name":"x","since":"1970-01-01T00:00:00Z","cpus":"0","cgroup":"\#(scratch.path)"}"#
        _ = try scratch.write(dead, to: "claim-6")
        #expect(try folder.claims().isEmpty)
    }

    @Test func `nobody claims for others, and a name cannot move the cursor`() throws {
        let held = try folder.take { _ in
            var claim = Self.claim(1)
            claim.user += 1
            return claim
        }
        #expect(try folder.claims().isEmpty)
        held?.release()
        let named = try folder.take { _ in
            var claim = Self.claim(1)
            claim.name = "a\u{1B}[2Jb\n"
            return claim
        }
        #expect(try folder.claims().map(\.name) == ["a[2Jb"])
        named?.release()
    }

    @Test func `many at once get different CPUs`() async throws {
        let path = scratch.path
        let held = try await withThrowingTaskGroup(of: (Int, ClaimFolder.Held?).self) { group in
            for _ in 0..<16 {
                group.addTask {
                    var chosen = -1
                    let held = try ClaimFolder(path).take { others in
                        let taken = others.reduce(CPUSet()) { $0.union($1.cpus) }
                        chosen = (0..<12).first { !taken.contains($0) } ?? -1
                        return chosen < 0 ? nil : Self.claim(chosen)
                    }
                    return (chosen, held)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(held.map(\.0).sorted() == [-1, -1, -1, -1] + Array(0..<12))
        #expect(held.count { $0.1 != nil } == 12)
    }

    @Test func `a folder in which others could remove claims is not used`() throws {
        try #require(chmod(scratch.path, 0o777) == 0)
        #expect(throws: KernelError.self) { try ClaimFolder.usual(["CGEXEC_CLAIMS": scratch.path]) }
        #expect(throws: KernelError.self) { try ClaimFolder.usual(["CGEXEC_CLAIMS": "/nowhere/at/all"]) }
        try #require(chmod(scratch.path, 0o1777) == 0)
        #expect(try ClaimFolder.usual(["CGEXEC_CLAIMS": scratch.path])?.path == scratch.path)
        #expect(try ClaimFolder.usual(["CGEXEC_CLAIMS": ""]) == nil)
        #expect(try ClaimFolder.usual(["XDG_RUNTIME_DIR": "/nowhere"], makes: false)?.path != "/nowhere/cgexec")
    }
}
