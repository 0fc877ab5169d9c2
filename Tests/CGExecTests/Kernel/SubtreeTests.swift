import Testing

@testable import CGExec

/// Where to work: what the user named, what is delegated to us, a scope from systemd, the root where nobody owns it.
struct SubtreeTests {
    private static let mount = CgroupMount(path: "/m", root: "/", isReadOnly: false)

    private func facts(
        own: String? = "/m/own", delegated: [String] = [], strangers: [Int32] = [], systemd: Bool = false,
        inScope: Bool = false, root: Bool = true
    ) -> Subtree.Facts {
        var facts = Subtree.Facts(mount: Self.mount)
        facts.own = own
        facts.delegated = delegated
        facts.strangers = strangers
        facts.hasSystemd = systemd
        facts.isInScope = inScope
        facts.isRoot = root
        return facts
    }

    private func cause(_ facts: Subtree.Facts) -> String {
        let error = #expect(throws: HostUnfit.self) { try Subtree.decide(facts, requested: nil) }
        return error?.description ?? ""
    }

    @Test func `what the user names is used, whatever else there is`() throws {
        #expect(try Subtree.decide(facts(own: nil, root: false), requested: "/m/named") == .use("/m/named"))
        #expect(
            try Subtree.decide(facts(delegated: ["/m/own"], systemd: true), requested: "/m/named") == .use("/m/named"))
    }

    @Test func `outside of the namespace there is nothing to work in`() {
        let text = cause(facts(own: nil))
        #expect(text.contains("outside the cgroup namespace") && text.contains("--cgroupns=private"))
    }

    @Test func `our own delegated cgroup is entered`() throws {
        #expect(try Subtree.decide(facts(delegated: ["/m/own"]), requested: nil) == .enter("/m/own"))
        let scoped = facts(delegated: ["/m/own"], systemd: true, inScope: true, root: false)
        #expect(try Subtree.decide(scoped, requested: nil) == .enter("/m/own"))
    }

    @Test func `strangers in our delegated cgroup are named, and not left for a new scope`() {
        let bare = cause(facts(delegated: ["/m/own"], strangers: [7, 8]))
        #expect(bare.contains("7, 8") && bare.contains("--cgroup"))
        let systemd = cause(facts(delegated: ["/m/own"], strangers: [7], systemd: true, root: false))
        #expect(systemd.contains("systemd-run --user --scope"))
    }

    @Test(arguments: ["supervisor", "main"])
    func `above a leaf of our own making the delegated cgroup is used`(leaf: String) throws {
        #expect(try Subtree.decide(facts(own: "/m/d/\(leaf)", delegated: ["/m/d"]), requested: nil) == .use("/m/d"))
    }

    @Test func `a delegated cgroup that its manager divided is not ours`() throws {
        let divided = facts(own: "/m/d/session/shell", delegated: ["/m/d"], systemd: true, root: false)
        #expect(try Subtree.decide(divided, requested: nil) == .scope)
    }

    @Test func `the innermost delegated cgroup counts`() throws {
        let nested = facts(own: "/m/a/b", delegated: ["/m/a", "/m/a/b"])
        #expect(try Subtree.decide(nested, requested: nil) == .enter("/m/a/b"))
    }

    @Test(arguments: ["/m/cgexec-5-1/job-1.1", "/m/cgexec-5-1/job-1.1/deeper"])
    func `a job that may not divide its leaf`(own: String) {
        for delegated in [[], ["/m"]] {
            let text = cause(facts(own: own, delegated: delegated))
            #expect(text.contains("inside a job of another pool") && text.contains("delegate: true"), "\(text)")
        }
    }

    @Test func `a job that may divide its leaf`() throws {
        let leaf = "/m/cgexec-5-1/job-1.1"
        #expect(try Subtree.decide(facts(own: leaf + "/main", delegated: [leaf]), requested: nil) == .use(leaf))
        // The job of a pool inside of it may not.
        let inner = leaf + "/cgexec-9-1/job-1.1"
        #expect(cause(facts(own: inner, delegated: [leaf])).contains("inside a job of another pool"))
    }

    @Test func `names that only look like ours are others'`() {
        #expect(!cause(facts(own: "/m/other/job-1.1")).contains("inside a job of another pool"))
    }

    @Test func `systemd gives a scope, once`() {
        for root in [true, false] {
            let decision = try? Subtree.decide(facts(systemd: true, root: root), requested: nil)
            #expect(decision == .scope)
            let text = cause(facts(systemd: true, inScope: true, root: root))
            #expect(text.contains("not delegated") && text.contains("systemd-run"))
        }
    }

    @Test func `without systemd, root has the root, and others have nothing`() throws {
        #expect(try Subtree.decide(facts(own: "/m"), requested: nil) == .use("/m"))
        let text = cause(facts(root: false))
        #expect(text.contains("chown") && text.contains("cgroup.procs"))
    }

    /// A container with `--cgroupns=host` sees the host's tree, and systemd is not in it.
    @Test(arguments: ["/m/docker/0123", "/m/own"])
    func `without systemd, root that was put into a cgroup does not divide the tree above it`(own: String) {
        let text = cause(facts(own: own))
        #expect(text.contains("is in \(own)") && text.contains("--cgroup,") && text.contains("--cgroupns=private"))
    }
}
