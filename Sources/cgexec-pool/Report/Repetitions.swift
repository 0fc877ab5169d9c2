import CGExec

/// The runs of one job: those that have its name, its groups and its values of the sweep's variables. Warm-ups are none.
struct Repetitions {
    /// What makes jobs of two runs of a file the same. The command is not part of it: it may name the version under test.
    struct Identity: Hashable {
        var name: String
        var task: String?
        var params: [String: String]?

        init(_ record: Record) {
            name = record.name
            task = record.task
            params = record.params
        }

        /// The name, with the groups in front.
        var label: String { task.map { "\($0)/\(name)" } ?? name }
    }

    /// How far the figures of the runs that are used can be trusted.
    enum Trust {
        case clean
        /// Nobody can tell of some, as without a cgroup.
        case untold
        /// There was none but perturbed ones.
        case perturbed
    }

    /// A figure of one run.
    struct Sample {
        /// The number of the repetition.
        var number: Int
        var value: Double
    }

    let identity: Identity
    /// All attempts, those that failed included, in the order in which they were given.
    let attempts: [Record]
    /// Whose figures count: of the attempts that succeeded those that nothing is known to have disturbed, or where there is
    /// none, the perturbed ones. An invalid one's figures say nothing.
    let used: [Record]
    /// Nil where none is used.
    let trust: Trust?

    private init(_ identity: Identity, _ attempts: [Record]) {
        self.identity = identity
        self.attempts = attempts
        let successes = attempts.filter(\.outcome.isSuccess)
        let undisturbed = successes.filter { $0.validity == nil || $0.validity?.verdict == .clean }
        used = undisturbed.isEmpty ? successes.filter { $0.validity?.verdict == .perturbed } : undisturbed
        if used.isEmpty {
            trust = nil
        } else if undisturbed.isEmpty {
            trust = .perturbed
        } else {
            trust = used.allSatisfy { $0.validity != nil } ? .clean : .untold
        }
    }

    /// The jobs of these records, in the order of their first ones.
    static func groups(_ records: [Record]) -> [Repetitions] {
        var order: [Identity] = []
        var attempts: [Identity: [Record]] = [:]
        for record in records where record.warmup != true {
            let identity = Identity(record)
            if attempts[identity] == nil { order.append(identity) }
            attempts[identity, default: []].append(record)
        }
        return order.map { Repetitions($0, attempts[$0] ?? []) }
    }

    /// Whether the job was asked to run more than once.
    var isRepeated: Bool { attempts.contains { $0.repeat != nil } }

    /// The figure of each run that is used and has it.
    func samples(_ figure: Figure) -> [Sample] {
        used.enumerated().compactMap { place, record in
            figure.value(of: record).map { Sample(number: record.repeat ?? place + 1, value: $0) }
        }
    }

    /// The same without the numbers.
    func figures(_ figure: Figure) -> [Double] { samples(figure).map(\.value) }
}

extension Record {
    /// Without what no figure needs: captured text and curves are most of a record.
    var withoutBulk: Record {
        var record = self
        (record.output, record.samples, record.effective, record.neighbours) = (nil, nil, nil, nil)
        return record
    }
}

extension Figure {
    /// What stands above, or beside, its numbers.
    var title: String {
        switch self {
        case .wallSeconds: "wall s"
        case .cpuSeconds: "CPU s"
        case .memoryPeakBytes: "peak MiB"
        }
    }

    /// A number of it as it is shown: times to a tenth of a millisecond, sizes to some KiB.
    func text(_ value: Double) -> String {
        switch self {
        case .wallSeconds, .cpuSeconds: fixed(value, places: 4)
        case .memoryPeakBytes: fixed(value / 0x1p20, places: 2)
        }
    }
}
