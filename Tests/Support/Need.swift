import CGExec
import Glibc
package import Testing

/// What a test needs of the host.
package enum Need: Sendable {
    /// Rights to make cgroups below the v2 mount.
    case cgroup
    /// A controller of cgroup v2.
    case controller(String)
    /// Swap, in use.
    case swap
    /// The scratch disk of the test VM.
    case scratchDisk
    /// So many CPUs.
    case cpus(Int)
    /// So many memory nodes.
    case nodes(Int)
    /// Debian's Chromium.
    case browser
    /// A command, with arguments that make it succeed where it can do its work.
    case command([String])

    /// Why this host does not have it; nil when it does.
    var missing: String? {
        switch self {
        case .cgroup:
            guard let mount = CgroupTree.mount else { return "no cgroup v2 is mounted" }
            return access(mount + "/cgroup.procs", W_OK) == 0 && geteuid() == 0
                ? nil : "no root, or \(mount) is read-only"
        case .controller(let name):
            let available = CgroupTree.words(of: (CgroupTree.mount ?? "") + "/cgroup.controllers")
            return available.contains(name) ? nil : "cgroup v2 has no \(name) controller here"
        case .swap:
            return CgroupTree.words(of: "/proc/swaps").contains { $0.hasPrefix("/") } ? nil : "no swap is in use"
        case .scratchDisk: return Self.scratchDevice == nil ? "CGEXEC_SCRATCH_DEVICE names no disk" : nil
        case .cpus(let count):
            let online = sysconf(Int32(_SC_NPROCESSORS_ONLN))
            return online >= count ? nil : "\(count) CPUs are needed, here are \(online)"
        case .nodes(let count):
            let found = CgroupTree.text(of: "/sys/devices/system/node/has_memory").flatMap { try? CPUSet(parsing: $0) }
            let there = found?.count ?? 1
            return there >= count ? nil : "\(count) memory nodes are needed, here are \(there)"
        case .browser: return Browser.path == nil ? "there is no chromium: make test-deps" : nil
        case .command(let words):
            return Command(words).run().status == 0 ? nil : "'\(words.joined(separator: " "))' does not work here"
        }
    }

    /// The scratch disk; it is mounted at `/mnt/scratch`.
    package static var scratchDevice: String? { getenv("CGEXEC_SCRATCH_DEVICE").map { String(cString: $0) } }

    /// Ends the test where something is missing: skipped, or failed where every test is required to run.
    static func check(_ needs: [Need]) throws {
        let reasons = needs.compactMap(\.missing)
        guard !reasons.isEmpty else { return }
        if getenv("CGEXEC_TESTS_REQUIRE") != nil { throw Unmet(description: reasons.joined(separator: "; ")) }
        try Test.cancel(Comment(rawValue: reasons.joined(separator: "; ")))
    }

    private struct Unmet: Error, CustomStringConvertible {
        let description: String
    }
}

/// Runs tests only where the host has what they need.
package struct NeedsTrait: TestTrait, SuiteTrait {
    let needs: [Need]
    package var isRecursive: Bool { true }

    package func prepare(for test: Test) async throws {
        // Each test for itself, all cases at once, so that each one that is skipped is seen.
        if !test.isSuite { try Need.check(needs) }
    }
}

extension Trait where Self == NeedsTrait {
    /// Skips the test with a reason where one of `needs` is missing; with CGEXEC_TESTS_REQUIRE=1 it fails.
    package static func needs(_ needs: Need...) -> Self { NeedsTrait(needs: needs) }
}
