import CGExec

/// The head of the page: how many jobs went how, what they used, when and where.
struct HTMLSummary {
    private let data: ReportData
    private let results: [Record]

    init(_ data: ReportData) {
        self.data = data
        results = data.results
    }

    var html: String {
        """
        <div class="figures">\(figures)</div>
        <div class="counts">\(outcomes)\(validity)</div>
        \(unfinished)\(machines)
        """
    }

    /// When it ran, such as `2026-01-31 12:00:00 UTC to 2026-01-31 13:00:00 UTC`; nil where nothing did.
    var period: String? {
        let records = data.attempts.map(\.record)
        guard let first = records.compactMap(\.times.started).min(), let last = records.compactMap(\.times.ended).max()
        else { return nil }
        return "\(first.forPeople) to \(last.forPeople)"
    }

    // MARK: Figures

    private var figures: String {
        let records = data.attempts.map(\.record)
        var figures = [figure("\(results.count)", results.count == 1 ? "job" : "jobs")]
        figures.append(figure("\(results.count(where: \.outcome.isSuccess))", "went well"))
        if records.count > results.count { figures.append(figure("\(records.count)", "attempts")) }
        if !data.unfinished.isEmpty { figures.append(figure("\(data.unfinished.count)", "not finished")) }
        figures += [total(.wall, records), total(.cpu, records)].compactMap(\.self)
        if let peak = records.compactMap(PlotMeasure.memory.of).max() {
            figures.append(figure(PlotQuantity.bytes.text(peak), "highest peak memory"))
        }
        return figures.joined()
    }

    private func figure(_ value: String, _ words: String) -> String {
        "<p><strong>\(value)</strong> \(words)</p>"
    }

    private func total(_ measure: PlotMeasure, _ records: [Record]) -> String? {
        let values = records.compactMap(measure.of)
        guard !values.isEmpty else { return nil }
        let name = "\(measure.name), all attempts"
        let known = values.count == records.count ? name : "\(name); known of \(values.count) of \(records.count)"
        return figure(measure.quantity.text(values.reduce(0, +)), known)
    }

    // MARK: Counts

    private var outcomes: String {
        let counts = Dictionary(grouping: results, by: \.outcome.forPeople).sorted {
            let (left, right) = (OutcomeLook($0.value[0].outcome.kind), OutcomeLook($1.value[0].outcome.kind))
            return left == right ? ($1.value.count, $0.key) < ($0.value.count, $1.key) : left < right
        }
        return counted(
            "Outcomes",
            counts.map { (words: $0.key, look: OutcomeLook($0.value[0].outcome.kind).name, count: $0.value.count) })
    }

    private var validity: String {
        let verdicts: [Record.Validity.Verdict] = [.clean, .perturbed, .invalid]
        var counts = verdicts.map { verdict in
            (words: verdict.rawValue, look: verdict.rawValue, count: results.count { $0.validity?.verdict == verdict })
        }
        counts.append((words: "nobody can tell", look: "undone", count: results.count { $0.validity == nil }))
        return counted("Can the figures be trusted?", counts.filter { $0.count > 0 })
    }

    private func counted(_ title: String, _ counts: [(words: String, look: String, count: Int)]) -> String {
        // Exit statuses and signals may be many.
        let rows = counts.prefix(12).map { entry in
            // What is there can be seen, be it one in many thousands.
            let width = PlotFrame.text(max(2, 200 * Double(entry.count) / Double(max(1, results.count))))
            return """
                <tr><th scope="row"><span class="badge \(entry.look)">\(HTMLText.escaped(entry.words))</span></th>\
                <td class="n">\(entry.count)</td><td><svg viewBox="0 0 200 12" preserveAspectRatio="none" \
                aria-hidden="true">\
                <rect class="bar \(entry.look)" width="\(width)" height="12"/></svg></td></tr>
                """
        }
        let rest = counts.count > 12 ? "<p>\(counts.count - 12) more kinds are in the table below.</p>" : ""
        return "<div><h3>\(title)</h3><table class=\"small\"><tbody>\(rows.joined())</tbody></table>\(rest)</div>"
    }

    // MARK: Where

    private var unfinished: String {
        guard !data.unfinished.isEmpty else { return "" }
        let names = data.unfinished.prefix(100).map { "<li>\(HTMLText.escaped($0))</li>" }.joined()
        let rest = data.unfinished.count > 100 ? "<p>and \(data.unfinished.count - 100) more</p>" : ""
        return """
            <details class="box" open><summary>\(data.unfinished.count) started, with no known end: the run goes on, \
            or was killed</summary><ul>\(names)</ul>\(rest)</details>
            """
    }

    private var machines: String {
        guard !data.machines.isEmpty else { return "" }
        let rows = data.machines.map { machine in
            let cells = [
                machine.name, machine.processor ?? "", "\(machine.cpus.count) (\(machine.cpus))",
                machine.memoryBytes.map { PlotQuantity.bytes.text(Double($0)) } ?? "", machine.system ?? "",
                machine.kernel,
            ].map { "<td>\(HTMLText.escaped($0))</td>" }
            return "<tr>\(cells.joined())</tr>"
        }
        let heads = ["Machine", "Processor", "CPUs", "Memory", "System", "Kernel"].map {
            "<th scope=\"col\">\($0)</th>"
        }
        return """
            <div class="wide" tabindex="0" role="group" aria-label="Machines, scrollable"><table class="machines">\
            <thead><tr>\(heads.joined())</tr></thead><tbody>\(rows.joined())</tbody></table></div>
            """
    }
}
