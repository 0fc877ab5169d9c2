import CGExec
import Testing

@testable import cgexec_pool

/// Who comes after whom, and what a job says about its place among others.
@Suite struct OrderTests {
    private func order(_ text: String) throws -> [String] {
        let file = try reading(text).checked()
        return file.order.map { file.jobs[$0].job.name }
    }

    @Test func `each comes after what it waits for, else in the order of the file`() throws {
        let text = """
            jobs:
              - {name: d, command: [x], after: [b, all]}
              - {name: a, command: [x]}
              - {name: b, command: [x], after: c}
              - {name: c, command: [x], group: all/inner}
              - {name: e, command: [x], group: all}
            """
        #expect(try order(text) == ["a", "c", "b", "e", "d"])
        let file = try reading(text).checked()
        #expect(file.jobs.map(\.groups) == [[], [], [], ["all", "all/inner"], ["all"]])
    }

    @Test func `whole groups wait for each other as their jobs do`() throws {
        let text = """
            jobs:
              - {name: last, command: [x], after: [second, loner]}
              - {name: two, command: [x], group: second, after: first}
              - {name: three, command: [x], group: second, after: first}
              - {name: one, command: [x], group: first}
              - {name: loner, command: [x]}
            """
        #expect(try order(text) == ["one", "two", "three", "loner", "last"])
        let cycle = """
            jobs:
              - {name: one, command: [x], group: first, after: second}
              - {name: two, command: [x], group: second, after: first}
            """
        #expect(
            problems(cycle) == [
                "2:52: jobs[0].after: a cycle: 'one', 'two' wait for each other, and none could start"
            ])
    }

    @Test func `what cannot be ordered is told`() {
        let text = """
            groups:
              empty: {timeout: 1s}
              bad: {timeout: 0s, size: 3}
            jobs:
              - {name: a, command: [x], after: b}
              - {name: b, command: [x], after: c, group: bad}
              - {name: c, command: [x], after: a}
              - {name: same, command: [x]}
              - {name: same, command: [x], after: sam}
              - {command: [x], group: "a//b"}
            """
        let expected = [
            "2:3: groups.empty: no job is in the group 'empty'",
            "3:18: groups.bad.timeout: '0s' is not valid: expected a time above 0",
            "3:22: groups.bad.size: unknown key 'size'; expected one of timeout",
            "5:36: jobs[0].after: a cycle: 'a', 'b', 'c' wait for each other, and none could start",
            "9:12: jobs[4].name: 2 jobs have the name 'same'; put {seq} or a variable of the sweep into it",
            "9:39: jobs[4].after: there is no job or group 'sam'; did you mean 'same'?",
            "10:27: jobs[5].group: 'a//b' is not a group: write name or outer/inner",
        ]
        #expect(problems(text) == expected)
    }

    @Test func `one name is not for a job and a group`() {
        let text = """
            jobs:
              - {name: all, command: [x]}
              - {name: b, command: [x], group: all/inner}
              - {name: c, command: [x], after: all}
            """
        #expect(
            problems(text) == [
                "2:12: jobs[0].name: 'all' is the name of a job and of a group, and after could mean either; rename one"
            ])
    }

    @Test func `an empty list after nothing wins over the defaults`() throws {
        let text = """
            defaults: {after: first}
            jobs:
              - {name: first, command: [x], after: []}
              - {name: second, command: [x]}
            """
        let file = try reading(text).checked()
        #expect(file.jobs.map { $0.after.map(\.value) } == [[], ["first"]])
    }

    @Test func `every word about the place among others`() throws {
        let text = """
            jobs:
              - name: j
                command: [x]
                slowdown: 1.5
                priority: -3
                retries: 4
                retry-on: ["code:75", "signal:SEGV", "stderr:/lost .* server/"]
                back-off: 2s
                restart-on-timeout: true
                start-delay: 1s
                solo: true
                measured: false
                omit-affinity: true
                fallback: [y, "{seq}"]
                on: any
            """
        let job = try #require(try jobs(text).first)
        #expect(job.slowdown == 1.5 && job.priority == -3 && job.startDelay == .seconds(1))
        #expect(job.retry == Retry(4, on: [.code(75), .signal(11), .stderr("lost .* server")], backOff: .seconds(2)))
        #expect(job.restartsOnTimeout && job.isSolo && job.isMeasured == false && job.ignoresAffinity)
        #expect(job.fallback == ["y", "1"] && !job.afterSuccess)
    }

    @Test(arguments: [
        ("slowdown: 0", "a number above 0"), ("priority: high", "a whole number"), ("retries: -1", "from 0 on"),
        ("retry-on: crash", "signal:SEGV"), ("retry-on: 'stderr:/(/'", "a regular expression"),
        ("back-off: soon", "a time such as"), ("solo: maybe", "true or false"), ("on: failure", "success or any"),
        ("fallback: retry", "a list of program"), ("size: -1", "a size"),
    ])
    func `a bad value is told`(_ line: String, _ message: String) {
        let all = problems("jobs:\n  - command: [x]\n    \(line)\n")
        #expect(all.count == 1 && all[0].contains(message), "\(all)")
    }

    @Test func `the pool's policy`() throws {
        let text = """
            pool: {mode: packed, chain: report, halt: "soon,fail=20%", learn: false, learned: needs.json, least-memory: 1GiB, name: night}
            jobs: [{command: [x]}]
            """
        let pool = try reading(text).checked().pool
        #expect(pool.mode == .packed && pool.chains == .report && pool.name == "night" && !pool.learnsMemory)
        #expect(pool.learned == .file("needs.json"))
        #expect(pool.halt == Halt(.soon, after: .fraction(0.2)) && pool.leastShare == .gib(1))
        let bad = problems(
            "pool: {mode: loose, chain: maybe, halt: 'now,fail=0', learned: ''}\njobs: [{command: [x]}]\n")
        #expect(bad.count == 4, "\(bad)")
    }

    @Test(arguments: ["[failure, memory]", "[memory, failure]"])
    func `each end that is named counts, in any order`(_ list: String) throws {
        let job = try #require(try jobs("jobs:\n  - {command: [x], retries: 2, retry-on: \(list)}\n").first)
        #expect(job.retry.map { Set($0.rules) } == [.failure, .memory])
    }
}
