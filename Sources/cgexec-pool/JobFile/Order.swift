import CGExec

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
        for name in file.groups.keys.sorted() where members[name] == nil {
            if let place = file.groups[name]?.place { report(place, "no job is in the group '\(excerpt(name))'") }
        }
        var followers: [Int: [Int]] = [:]
        var open = Array(repeating: 0, count: file.jobs.count)
        for (index, planned) in file.jobs.enumerated() {
            for name in planned.after {
                guard let before = byName[name.value] ?? members[name.value] else {
                    repeated.add("after", name.place, Self.unknown(name.value, among: byName.keys, members.keys))
                    continue
                }
                for other in before {
                    followers[other, default: []].append(index)
                    open[index] += 1
                }
            }
        }
        settle(followers, open)
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

    /// Kahn's algorithm (1962), always with the first job of the file that waits for nothing.
    private mutating func settle(_ followers: [Int: [Int]], _ open: [Int]) {
        var open = open
        var order: [Int] = []
        var ready = open.indices.filter { open[$0] == 0 }[...]
        while let next = ready.popFirst() {
            order.append(next)
            for follower in followers[next] ?? [] {
                open[follower] -= 1
                guard open[follower] == 0 else { continue }
                let place = ready.firstIndex { $0 > follower } ?? ready.endIndex
                ready.insert(follower, at: place)
            }
        }
        file.order = order
        let stuck = open.indices.filter { open[$0] > 0 }
        guard let first = stuck.first else { return }
        let names = stuck.prefix(4).map { "'\(excerpt(file.jobs[$0].job.name))'" }.joined(separator: ", ")
        let place = file.jobs[first].after.first?.place ?? file.jobs[first].pattern.place
        report(
            place, "a cycle: \(names)\(stuck.count > 4 ? " and others" : "") wait for each other, and none could start")
    }
}
