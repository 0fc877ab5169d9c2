import CGExec

/// The page's table: the first rows as HTML, for readers without script, and all of them as data, of which the script
/// shows so many at a time.
struct HTMLTable {
    private let attempts: [HTMLAttempt]
    /// Those in which some attempt has something that is worth a column.
    private let columns: [Int]
    private let results: Int

    /// Rows that are there without script, and are shown at a time with it.
    static let mostRows = 100
    /// All captured text together: a page that does not open is of no use.
    private static let mostText = 2_000_000

    init(_ data: ReportData, _ links: HTMLLinks) {
        let streams = data.attempts.reduce(0) { count, attempt in
            let output = attempt.record.output
            return count + (output?.stdout?.text == nil ? 0 : 1) + (output?.stderr?.text == nil ? 0 : 1)
        }
        let share = min(4000, max(100, Self.mostText / max(1, streams)))
        let attempts = data.attempts.map { HTMLAttempt($0, links, mostText: share) }
        // As in the list of jobs; the attempts at a job in the order of their ends.
        self.attempts = attempts.enumerated().sorted {
            ($0.element.record.id, $0.offset) < ($1.element.record.id, $1.offset)
        }.map(\.element)
        columns = HTMLAttempt.columns.indices.filter { column in
            attempts.contains { $0.cells[column].map { !$0.isUsual } ?? false }
        }
        results = attempts.count(where: \.isLast)
    }

    // MARK: As HTML

    var html: String {
        let heads = columns.map { index in
            let column = HTMLAttempt.columns[index]
            return "<th scope=\"col\"\(Self.isNumber(column.kind) ? " class=\"n\"" : "")>\(column.title)</th>"
        }
        let first = attempts.filter(\.isLast).prefix(Self.mostRows)
        let rest = attempts.count - first.count
        let more =
            rest == 0
            ? ""
            : """
            <p class="plain">Without script, \(first.count) results are shown here; the journal has \(rest) more \
            attempts.</p>
            """
        return """
            \(controls)\(more)
            <div class="wide rows" id="rows" tabindex="0" role="region" aria-labelledby="table-title">
            <table><caption class="hidden">Attempts at jobs, with how they ended and what they used</caption>
            <thead><tr>\(heads.joined())</tr></thead>
            <tbody>
            \(first.map(row).joined(separator: "\n"))
            </tbody></table></div>
            <div class="pages" id="pages" hidden><button type="button" id="before">Previous page</button>
            <span id="place"></span><button type="button" id="after">Next page</button></div>
            """
    }

    private var controls: String {
        let isAll = results == attempts.count
        return """
            <form class="controls" id="controls" hidden role="search" aria-label="Filter the table">
            <label>Filter <input type="search" id="filter" placeholder="words in any column" autocomplete="off"></label>
            <label>Outcome <select id="outcome"><option value="">all</option>\
            <option value="!ok">not ok</option></select></label>
            <label>Validity <select id="validity"><option value="">all</option>\
            <option value="!clean">not clean</option></select></label>
            <label\(isAll ? " hidden" : "")>Show <select id="last"><option value="1">results</option>\
            <option value="">all attempts</option></select></label>
            <output id="count" aria-live="polite"></output></form>
            """
    }

    private func row(_ attempt: HTMLAttempt) -> String {
        let cells = columns.map { index -> String in
            let isNumber = Self.isNumber(HTMLAttempt.columns[index].kind)
            let text = Self.shown(attempt.cells[index], HTMLAttempt.columns[index].kind)
            guard index == 0 else { return "<td\(isNumber ? " class=\"n\"" : "")>\(text)</td>" }
            return "<th scope=\"row\"><details><summary>\(text)</summary>\(Self.inside(attempt))</details></th>"
        }
        return "<tr>\(cells.joined())</tr>"
    }

    private static func inside(_ attempt: HTMLAttempt) -> String {
        let links = attempt.links.map { link in
            """
            <dt>\(link.title)</dt><dd><a href="\(HTMLText.escaped(link.address))">\
            \(HTMLText.escaped(link.path))</a></dd>
            """
        }
        let texts = attempt.details.map { "<dt>\($0.title)</dt><dd><pre>\(HTMLText.escaped($0.text))</pre></dd>" }
        return "<dl>\((links + texts).joined())</dl>"
    }

    private static func shown(_ cell: HTMLAttempt.Cell?, _ kind: HTMLAttempt.Kind) -> String {
        func small(_ text: String?) -> String { text.map { "<small>\(HTMLText.escaped($0))</small>" } ?? "" }
        return switch cell {
        case .text(let text, let below): "<span>\(HTMLText.escaped(text))</span>\(small(below))"
        case .number(let number): decimal(number, kind)
        case .badge(let text, let look, let below):
            "<span class=\"badge \(look)\">\(HTMLText.escaped(text))</span>\(small(below))"
        case .only: "<span>1</span>"
        case nil: ""
        }
    }

    private static func isNumber(_ kind: HTMLAttempt.Kind) -> Bool {
        kind == .number || kind == .seconds || kind == .mebibytes
    }

    private static func decimal(_ number: Double, _ kind: HTMLAttempt.Kind) -> String {
        switch kind {
        case .seconds: fixed(number, places: 3)
        case .mebibytes: fixed(number, places: 1)
        case .text, .number, .badge: PlotScale.label(number, places: 6)
        }
    }

    // MARK: As data

    /// An object with `size`, how many rows a page has, `columns`, a title and a kind each, and `rows`: whether it is a
    /// result, its cells, and what is inside.
    var json: String {
        let heads = columns.map { index in
            let column = HTMLAttempt.columns[index]
            return "[\(HTMLText.json(column.title)),\(HTMLText.json(column.kind.rawValue))]"
        }
        let rows = attempts.map { attempt in
            let cells = columns.map { Self.data(attempt.cells[$0]) }.joined(separator: ",")
            let links = attempt.links.map {
                "[\(HTMLText.json($0.title)),\(HTMLText.json($0.path)),\(HTMLText.json($0.address))]"
            }
            let details = attempt.details.map { "[\(HTMLText.json($0.title)),\(HTMLText.json($0.text))]" }
            return "[\(attempt.isLast ? 1 : 0),[\(cells)],[\((links + details).joined(separator: ","))]]"
        }
        return "{\"size\":\(Self.mostRows),\"columns\":[\(heads.joined(separator: ","))],\"rows\":[\n"
            + rows.joined(separator: ",\n") + "]}"
    }

    private static func data(_ cell: HTMLAttempt.Cell?) -> String {
        switch cell {
        case .number(let number): "\(number)"
        case .text(let text, nil): HTMLText.json(text)
        case .text(let text, let below?): "[\(HTMLText.json(text)),\(HTMLText.json(below))]"
        case .badge(let text, let look, let below):
            "[\(HTMLText.json(text)),\(HTMLText.json(below ?? "")),\(HTMLText.json(look))]"
        case .only: "\"1\""
        case nil: "null"
        }
    }
}
