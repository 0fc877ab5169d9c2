import Glibc
import Synchronization
package import Testing

/// A fresh cgroup of the running test, below the v2 mount, with every controller available to its children that this
/// host offers. Found with `ScratchCgroup.current()` in a test with the trait `.scratchCgroup`.
package final class ScratchCgroup: Sendable {
    /// Its absolute path.
    package let path: String
    private let made = Mutex<[String]>([])

    @TaskLocal private static var ofThisTest: ScratchCgroup?

    private init(path: String) { self.path = path }

    /// The running test's.
    package static func current() throws -> ScratchCgroup {
        guard let scratch = ofThisTest else { throw Misuse(description: "this test lacks the trait .scratchCgroup") }
        return scratch
    }

    package struct Misuse: Error, CustomStringConvertible {
        package let description: String
    }

    /// Makes a cgroup below that is removed after the test. Whatever else is in the scratch cgroup by then was left
    /// behind by the code under test.
    package func make(_ name: String) throws -> String {
        let child = path + "/" + name
        guard mkdir(child, 0o755) == 0 else { throw Misuse(description: "cannot make \(child): errno \(errno)") }
        made.withLock { $0.append(child) }
        return child
    }

    fileprivate static func scope(_ function: @Sendable () async throws -> Void) async throws {
        guard let mount = CgroupTree.mount else { throw Misuse(description: "no cgroup v2 is mounted") }
        CgroupTree.enableControllers(in: mount)
        let path = "\(mount)/cgexec-test-\(getpid())-\(count.add(1, ordering: .relaxed).newValue)"
        guard mkdir(path, 0o755) == 0 else { throw Misuse(description: "cannot make \(path): errno \(errno)") }
        CgroupTree.enableControllers(in: path)
        let scratch = ScratchCgroup(path: path)
        defer { scratch.remove() }
        try await $ofThisTest.withValue(scratch) { try await function() }
    }

    private static let count = Atomic<Int>(0)

    /// Removes everything, and fails the test for what it did not make itself.
    private func remove() {
        for child in made.withLock({ $0 }).reversed() { rmdir(child) }
        let children = CgroupTree.children(of: path)
        let processes = CgroupTree.processes(below: path)
        if !children.isEmpty || !processes.isEmpty {
            let names = processes.map { "\($0) \(Processes.name($0) ?? "")" }
            Issue.record("left behind in \(path): cgroups \(children), processes \(names)")
            CgroupTree.write("1", to: path + "/cgroup.kill")
        }
        _ = CgroupTree.waitUntilEmpty(path)
        let error = CgroupTree.remove(path)
        if error != 0 { Issue.record("\(path) cannot be removed: errno \(error)") }
    }
}

/// Gives each test a scratch cgroup of its own.
package struct ScratchCgroupTrait: TestTrait, SuiteTrait, TestScoping {
    package var isRecursive: Bool { true }

    package func prepare(for test: Test) async throws {
        if !test.isSuite { try Need.check([.cgroup]) }
    }

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await ScratchCgroup.scope(function)
    }
}

extension Trait where Self == ScratchCgroupTrait {
    /// A fresh cgroup for each test, removed afterwards; the test fails if something is left in it.
    package static var scratchCgroup: Self { ScratchCgroupTrait() }
}
