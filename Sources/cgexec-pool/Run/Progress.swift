import CGExec

/// Plain lines on standard error while jobs run: one when each ends, and on a terminal one that says what runs.
///
/// `@unchecked Sendable`: only `insist` is called from elsewhere, and the writer is made for that.
final class Progress: @unchecked Sendable {
    private(set) var total: Int
    private let isQuiet: Bool
    private let writer = LineWriter(descriptor: 2, name: "standard error")
    private(set) var done = 0
    private let begun = ContinuousClock.now

    init(total: Int, isQuiet: Bool) {
        self.total = total
        self.isQuiet = isQuiet
    }

    func begin(_ setup: PoolSetup) {
        let jobs = total == 1 ? "1 job" : "\(total) jobs"
        var text =
            "\(jobs) in \(setup.slots.count) \(setup.slots.count == 1 ? "slot" : "slots") (\(setup.slots.reason))"
        if let budget = setup.budgetPlan { text += ", budget \(budget.size) (\(budget.reason))" }
        say(text)
        guard !setup.unenforced.isEmpty else { return }
        say(
            "best effort: this host cannot fully enforce \(setup.unenforced.joined(separator: ", ")), as"
                + " 'cgexec-pool doctor' explains; each record says what enforced it")
    }

    /// So many more jobs come.
    func expect(_ more: Int) { total += more }

    func started(_ job: Job) {
        if Terminal.isInteractive { say("\(counter)  \(padded("start", 12))  \(job.name)") }
    }

    /// An attempt is over, and another follows.
    func again(_ record: Record, of job: Job) { tell(record, of: job, isLast: false) }

    func finished(_ record: Record, of job: Job) {
        done += 1
        tell(record, of: job, isLast: true)
    }

    private func tell(_ record: Record, of job: Job, isLast: Bool) {
        var text = "\(counter)  \(padded(record.outcome.forPeople, 12))  \(record.name)"
        if let run = record.runForPeople { text += " \(run)" }
        if let attempt = record.attemptForPeople(of: job, isLast: isLast) { text += ", \(attempt)" }
        if !isLast { text += ", again later" }
        if let wall = record.wallSeconds { text += "  \(Duration.nanoseconds(Int64(wall * 1e9)).forPeople)" }
        if let peak = record.usage?.memoryPeakBytes { text += "  peak \(ByteSize(peak))" }
        if let message = record.explanation {
            text += "  (\(message))"
        } else if let validity = record.validity, validity.verdict == .invalid {
            text += "  (its figures are invalid: \(validity.reasons.joined(separator: ", ")))"
        }
        say(text)
    }

    /// Jobs that an earlier run has done, and such that stay undone since what they come after failed there.
    func carriedOver(_ count: Int, undone: Int) {
        done += count + undone
        var text =
            "\(count == 1 ? "1 job was" : "\(count) jobs were") done before, and \(count == 1 ? "is" : "are") not run again"
        if undone > 0 {
            text +=
                "; \(undone) \(undone == 1 ? "stays" : "stay") undone after one that failed: --rerun-failed runs both again"
        }
        say("\(counter)  \(text)")
    }

    /// Since the run began.
    var seconds: Double { (ContinuousClock.now - begun).seconds }

    /// Says something that is to be known, also where silence was asked for; from any thread.
    func insist(_ text: String) { writer.append("cgexec-pool run: \(text)") }

    /// Says something, unless silence was asked for.
    func say(_ text: String) {
        if !isQuiet { writer.append(text) }
    }

    /// Waits until everything is said; nobody listening is no failure.
    func end() { try? writer.finish() }

    private var counter: String {
        let width = "\(total)".count
        return "[\(String(repeating: " ", count: width - "\(done)".count))\(done)/\(total)]"
    }
}

/// The text with blanks up to a width.
func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}
