import CGExec
import HeapModule

/// Who comes after whom in a job file, by names.
extension JobFileReader {
    /// Checks what stands under `after`, and puts the jobs into an order in which each comes after what it waits for:
    /// that of the file, where nothing speaks against it.
    mutating func order() {
        let byName = Dictionary(grouping: file.jobs.indices) { file.jobs[$0].job.name }
        checkNames(byName)
        var members: [String: [Int]] = [:]
        for (index, planned) in file.jobs.enumerated() {
            for path in planned.groups { members[path, default: []].append(index) }
        }
        for name in byName.keys.sorted() where members[name] != nil {
            guard let first = byName[name]?.first.map({ file.jobs[$0].pattern }) else { continue }
            repeated.add(
                "ambiguous", first.draft.name?.place ?? first.place,
                "'\(excerpt(name))' is the name of a job and of a group, and after could mean either; rename one")
        }
        for name in file.groups.keys.sorted() where members[name] == nil {
            if let place = file.groups[name]?.place { report(place, "no job is in the group '\(excerpt(name))'") }
        }
        var graph = Graph(jobs: file.jobs.count)
        var gates: [String: Int] = [:]
        for (index, planned) in file.jobs.enumerated() {
            for name in planned.after {
                if let jobs = byName[name.value] {
                    for before in jobs { graph.addArrow(from: before, to: index) }
                } else if let jobs = members[name.value] {
                    let gate = gates[name.value] ?? graph.addGate(after: jobs)
                    gates[name.value] = gate
                    graph.addArrow(from: gate, to: index)
                } else {
                    repeated.add("after", name.place, Self.unknown(name.value, among: byName.keys, members.keys))
                }
            }
        }
        settle(graph)
    }

    private static func unknown(
        _ name: String, among jobs: some Collection<String>, _ groups: some Collection<String>
    ) -> String {
        let guess = closest(to: name, among: jobs.sorted() + groups.sorted()).map { "; did you mean '\($0)'?" } ?? ""
        return "there is no job or group '\(excerpt(name))'\(guess)"
    }

    private mutating func checkNames(_ byName: [String: [Int]]) {
        for (name, indices) in byName.sorted(by: { $0.value[0] < $1.value[0] }) where indices.count > 1 {
            let second = file.jobs[indices[1]].pattern
            repeated.add(
                "duplicate", second.draft.name?.place ?? second.place,
                "\(indices.count) jobs have the name '\(excerpt(name))'; put {seq} or a variable of the sweep into it")
        }
    }

    private mutating func settle(_ graph: Graph) {
        let (order, stuck) = graph.sorted()
        file.order = order
        guard let first = stuck.first else { return }
        let names = stuck.prefix(4).map { "'\(excerpt(file.jobs[$0].job.name))'" }.joined(separator: ", ")
        let place = file.jobs[first].after.first?.place ?? file.jobs[first].pattern.place
        report(
            place,
            "a cycle: \(names)\(stuck.count > 4 ? " and others" : "") wait for each other, and none could start")
    }
}

/// Which jobs come after which, by their places in the file. Behind the jobs there is a gate for each group that is waited
/// for: so the arrows are as many as its members and its followers together, not one for each pair of them.
private struct Graph {
    private let jobs: Int
    private var followers: [[Int]]
    /// How many each still waits for.
    private var open: [Int]

    init(jobs: Int) {
        self.jobs = jobs
        followers = Array(repeating: [], count: jobs)
        open = Array(repeating: 0, count: jobs)
    }

    mutating func addGate(after members: [Int]) -> Int {
        let gate = open.count
        followers.append([])
        open.append(0)
        for before in members { addArrow(from: before, to: gate) }
        return gate
    }

    mutating func addArrow(from before: Int, to after: Int) {
        followers[before].append(after)
        open[after] += 1
    }

    /// The jobs, each after all that it waits for and else in the order of the file (Kahn's algorithm, 1962); and those
    /// that wait for each other.
    func sorted() -> (order: [Int], stuck: [Int]) {
        var open = open
        var order: [Int] = []
        var ready = Heap((0..<jobs).filter { open[$0] == 0 })
        while let next = ready.popMin() {
            order.append(next)
            var passed = [next]
            while let node = passed.popLast() {
                for follower in followers[node] {
                    open[follower] -= 1
                    guard open[follower] == 0 else { continue }
                    if follower < jobs { ready.insert(follower) } else { passed.append(follower) }
                }
            }
        }
        return (order, (0..<jobs).filter { open[$0] > 0 })
    }
}
