import CGExec

/// What divides the results into few groups that can be compared: their categories, the values of one of the sweep's
/// variables, or the groups of the job file.
struct PlotGroups {
    /// What divides them.
    enum Dimension: Hashable {
        case category, task
        case param(String)

        var title: String {
            switch self {
            case .category: "category"
            case .task: "group"
            case .param(let name): name
            }
        }

        func value(of record: Record) -> String? {
            switch self {
            case .category: record.category
            case .task: record.task
            case .param(let name): record.params?[name]
            }
        }

        /// What is the same for jobs that differ in this alone. A sweep usually has its variable in the jobs' names.
        func rest(of record: Record) -> String {
            guard case .param(let own) = self else {
                return "\(record.name)\u{0}\(record.paramsForPeople ?? "")"
            }
            var others = record.params ?? [:]
            let value = others.removeValue(forKey: own) ?? ""
            let name = value.isEmpty ? record.name : record.name.replacing(value, with: "\u{1}")
            let params = others.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return ([name, record.category ?? ""] + params).joined(separator: "\u{0}")
        }
    }

    /// Two figures of the same job, in two groups.
    struct Pair {
        var left: [Record]
        var right: [Record]
    }

    let dimension: Dimension
    /// In the order of their names.
    let groups: [(name: String, records: [Record])]

    /// The division that lets the most jobs be compared; nil where none has 2 to 8 groups.
    static func best(of records: [Record]) -> PlotGroups? {
        var names: Set<String> = []
        for record in records { names.formUnion(record.params?.keys.map { $0 } ?? []) }
        // A sweep has a few variables; more would take long and say little.
        let dimensions = [.category] + names.sorted().prefix(8).map(Dimension.param) + [.task]
        let all = dimensions.compactMap { PlotGroups($0, records) }
        let most = all.map { $0.closest.pairs.count }.max() ?? 0
        return most < 2 ? all.first : all.first { $0.closest.pairs.count == most }
    }

    private init?(_ dimension: Dimension, _ records: [Record]) {
        var members: [String: [Record]] = [:]
        for record in records {
            guard let value = dimension.value(of: record) else { continue }
            members[value, default: []].append(record)
            if members.count > PlotFrame.looks { return nil }
        }
        // A variable that differs for each job divides nothing.
        guard members.count >= 2, members.values.contains(where: { $0.count >= 2 }) else { return nil }
        self.dimension = dimension
        // By number where they are numbers: 2 before 10.
        groups = members.sorted { left, right in
            guard let low = Double(left.key), let high = Double(right.key) else { return left.key < right.key }
            return low < high
        }.map { (name: $0.key, records: $0.value) }
        closest = Self.closest(groups, dimension)
    }

    /// The two groups that have the most jobs in common, and these.
    let closest: (left: String, right: String, pairs: [Pair])

    private static func closest(
        _ groups: [(name: String, records: [Record])], _ dimension: Dimension
    ) -> (left: String, right: String, pairs: [Pair]) {
        let jobs = groups.map { Dictionary(grouping: $0.records, by: dimension.rest) }
        var best = (left: groups[0].name, right: groups[1].name, pairs: [Pair]())
        for left in groups.indices {
            for right in groups.indices where right > left {
                let pairs = jobs[left].sorted { $0.key < $1.key }.compactMap { key, records in
                    jobs[right][key].map { Pair(left: records, right: $0) }
                }
                if pairs.count > best.pairs.count { best = (groups[left].name, groups[right].name, pairs) }
            }
        }
        return best
    }
}
