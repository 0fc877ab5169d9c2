import CGExec

/// What a run did, as one page that needs nothing else: no network, no other file, and no script to be read.
struct HTMLPage {
    private let data: ReportData
    private let links: HTMLLinks

    init(_ data: ReportData, links: HTMLLinks) {
        self.data = data
        self.links = links
    }

    var html: String {
        let name = data.source == "-" ? "standard input" : data.source
        let title = HTMLText.escaped(name.split(separator: "/").last.map(String.init) ?? name)
        let summary = HTMLSummary(data)
        let table = HTMLTable(data, links)
        let plots = plots
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="generator" content="cgexec-pool report">
            <title>\(title)</title>
            <style>\(HTMLStyle.text)</style></head>
            <body><a class="skip" href="#table-title">To the table of attempts</a>
            \(Self.signs)
            <header><div><h1>\(title)</h1><p>\(HTMLText.escaped(summary.period ?? "nothing ran"))</p></div>
            <nav aria-label="Parts of the page"><a href="#summary">Summary</a>\
            \(plots.isEmpty ? "" : "<a href=\"#plots\">Plots</a>")<a href="#table-title">Attempts</a>
            <button type="button" id="theme" hidden></button></nav></header>
            <main><section id="summary"><h2>Summary</h2>\(summary.html)</section>
            \(plots.isEmpty ? "" : "<section id=\"plots\"><h2>Plots</h2><div class=\"plots\">\(plots)</div></section>")
            <section><h2 id="table-title" tabindex="-1">Attempts</h2>\(table.html)</section></main>
            <footer><p>From \(HTMLText.escaped(name)) by <code>cgexec-pool report</code>. Figures are the kernel's \
            counts of all processes of a job; what is not known is left empty.</p></footer>
            <script type="application/json" id="data">\(table.json)</script>
            <script>\(HTMLScript.text)</script></body></html>
            """
    }

    /// Nothing is loaded, and no script runs but ours, whatever should have got into the page.
    private static let policy = """
        default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-\(SHA256.base64(HTMLScript.text))'; \
        base-uri 'none'; form-action 'none'
        """

    // MARK: Plots

    private var plots: String {
        let ran = data.attempts.map(\.record)
        let results = data.results.filter { $0.warmup != true && $0.wallSeconds != nil }
        let division = PlotGroups.best(of: results)
        var frames: [PlotFrame?] = []
        let periods = PlotTimeline.periods(of: ran)
        // A run that is taken up again and again has its last days here.
        let shown = periods.suffix(4)
        for (index, period) in shown.enumerated() {
            let number =
                periods.count == 1 ? "" : " (part \(periods.count - shown.count + index + 1) of \(periods.count))"
            frames.append(PlotTimeline.frame(period, title: "Timeline\(number)"))
            frames.append(PlotMemoryOverTime(period).frame(title: "Memory of all together\(number)"))
        }
        frames += PlotSamples(ran).frames
        // Where the groups are too small for a plot, of all jobs together.
        for measure in [PlotMeasure.cpu, .wall] {
            frames.append(
                PlotQuantiles(results, division, measure).frame ?? PlotQuantiles(results, nil, measure).frame)
        }
        frames.append(PlotScatter.comparison(division, .cpu) ?? PlotScatter.comparison(division, .wall))
        frames.append(PlotScatter.memoryByTime(results))
        frames.append(
            PlotDistribution(results, division, .wall).frame ?? PlotDistribution(results, nil, .wall).frame)
        return frames.compactMap { $0?.html }.joined(separator: "\n")
    }

    /// The signs and patterns that plots use, by the names of series and outcomes.
    private static let signs: String = {
        let shapes = [
            "M0-4.5A4.5 4.5 0 1 1 0 4.5A4.5 4.5 0 1 1 0-4.5Z", "M-4-4H4V4H-4Z", "M0-5.2L5 4H-5Z",
            "M0-5.5L5.5 0L0 5.5L-5.5 0Z",
            "M0 5.2L5-4H-5Z", "M-5-1.6H-1.6V-5H1.6V-1.6H5V1.6H1.6V5H-1.6V1.6H-5Z",
            "M-5 0L-2.5-4.6H2.5L5 0L2.5 4.6H-2.5Z",
            "M-5-5L0-1.8L5-5L1.8 0L5 5L0 1.8L-5 5L-1.8 0Z",
        ]
        let series = shapes.enumerated().map { "<path id=\"m\($0.offset)\" d=\"\($0.element)\"/>" }
        let outcomes = [("ok", 0), ("undone", 6), ("limit", 3), ("time", 2), ("failed", 7), ("memory", 1)].map {
            name, shape in
            "<path id=\"o-\(name)\" d=\"\(shapes[shape])\"/>"
        }
        let lines = [
            ("failed", "M-1 7L7-1M3 11L11 3M-5 3L3-5"), ("time", "M2 0V8M6 0V8"), ("memory", "M0 0L8 8M8 0L0 8"),
            ("limit", "M0 2H8M0 6H8"), ("undone", "M2 2h1M6 6h1"),
        ]
        let patterns = lines.map { name, path in
            """
            <pattern id="p-\(name)" width="8" height="8" patternUnits="userSpaceOnUse">\
            <rect class="tint \(name)" width="8" height="8"/><path class="hatch \(name)" d="\(path)"/></pattern>
            """
        }
        let all = (series + outcomes + patterns).joined()
        return "<svg class=\"signs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\(all)</defs></svg>"
    }()
}
