import Foundation
import Support
import Testing

@testable import CGExec

/// `report --html` in a browser. Nothing of it depends on the kernel, and a browser in an emulated machine takes
/// minutes: it is tried where the tests are built.
@Suite(.needs(.browser), .serialized) struct ReportPageTests {
    private let scratch: ScratchDirectory
    private let page: String

    init() throws {
        scratch = try ScratchDirectory()
        page = scratch.file("page.html")
    }

    private func report(_ journal: String) throws {
        let finish = try Child.run([Programs.pool(), "report", journal, "--html", page])
        try #require(finish.status == .exited(0), "\(finish)")
    }

    /// A run of two tools over the same jobs, in which some fail, of so many attempts.
    private func journal(_ count: Int) throws -> String {
        let kinds: [Outcome.Kind] = [.ok, .ok, .ok, .timeout, .ok, .ok, .memory, .ok, .exit, .ok]
        let lines = try (0..<count).map { index in
            let seconds = 0.01 * Double(1 + index * 7919 % 9973)
            let start = Int64((1e9 + Double(index / 16) * 120) * 1e9)
            var record = Record(
                id: JobID(index + 1), name: "job-\(index / 2) \(Self.hostile)", attempt: 1, argv: ["tool", "\(index)"],
                outcome: Outcome(kinds[index / 3 % 10]), times: .init(), limits: Limits(memory: .mib(64)),
                enforcement: [:])
            record.category = index % 2 == 0 ? "left" : "right"
            record.slot = index % 16
            record.times.started = Timestamp(nanosecondsSinceEpoch: start)
            record.times.ended = Timestamp(nanosecondsSinceEpoch: start + Int64(seconds * 1e9))
            record.wallSeconds = seconds
            record.usage = Usage()
            record.usage?.cpuSeconds = seconds * 0.9
            record.usage?.memoryPeakBytes = UInt64(seconds * 0x1p20)
            record.validity = .init(
                verdict: index % 50 == 0 ? .perturbed : .clean, reasons: index % 50 == 0 ? ["heat"] : [])
            return try record.jsonLine()
        }
        return try scratch.write(lines.joined(separator: "\n") + "\n", to: "records.jsonl")
    }

    private static let hostile =
        "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"

    /// What the table shows in a column of so many first rows.
    private func column(_ title: String, _ browser: Browser, rows: Int = 1000) throws -> [String] {
        let number =
            "[...document.querySelectorAll('#rows thead th')].findIndex(head => head.innerText.startsWith('\(title)'))"
        let value = try browser.evaluate(
            "[...document.querySelectorAll('#rows tbody tr')].slice(0, \(rows))"
                + ".map(row => row.children[\(number)].innerText.split('\\n')[0])")
        guard case .list(let texts) = value else { throw Trouble("no rows: \(value)") }
        return texts.compactMap(\.text)
    }

    private func set(_ name: String, _ value: String, _ browser: Browser) throws {
        _ = try browser.evaluate(
            "{ const place = document.getElementById('\(name)'); place.value = '\(value)';"
                + " place.dispatchEvent(new Event('input', { bubbles: true })); }")
    }

    /// Presses Enter on the button of a column's head, as a reader without a mouse does.
    private func sort(_ title: String, _ browser: Browser) throws -> JSONValue {
        try browser.evaluate(
            """
            (() => {
              const heads = [...document.querySelectorAll('#rows thead th')];
              const head = heads.find(head => head.innerText.startsWith('\(title)'));
              head.querySelector('button').focus();
              document.activeElement.click();
              return head.getAttribute('aria-sort');
            })()
            """)
    }

    @Test(.scratchCgroup)
    func `the page of a real run opens without a complaint, and shows what ran`() throws {
        let jobs = try scratch.write(
            """
            - {name: 'work-{n}', command: [sh, -c, 'sleep 0.0{n}; echo {n}'], sweep: {n: 1..5}, category: work}
            - {name: fails <b>, command: [sh, -c, 'echo why >&2; exit 3'], stdout: {file: '\(scratch.file("out.txt"))'}}
            """, to: "jobs.yaml")
        let run = try Child.run([
            Programs.pool(), "run", "--quiet", "--no-learn", "--cgroup", ScratchCgroup.current().path, "--journal",
            scratch.file("run.journal"), jobs,
        ])
        #expect(run.status == .exited(1), "\(run)")
        try report(scratch.file("run.journal"))

        let browser = try Browser()
        try browser.open(page)
        #expect(try browser.evaluate("document.title") == .text("run.journal"))
        #expect(try column("Job", browser).sorted() == ["fails <b>", "work-1", "work-2", "work-3", "work-4", "work-5"])
        #expect(try browser.evaluate("document.querySelectorAll('figure svg[role=img]').length").integer ?? 0 >= 3)
        #expect(try browser.evaluate("document.querySelectorAll('figure rect.bar').length").integer ?? 0 >= 6)
        try set("filter", "fails", browser)
        let inside = try browser.evaluate(
            "new Promise(done => { const row = document.querySelector('#rows details'); row.ontoggle = () =>"
                + " done([row.innerText, row.querySelector('a').href]); row.open = true; })")
        guard case .list(let parts) = inside else { throw Trouble("\(inside)") }
        #expect(parts.first?.text?.contains("why") == true && parts.last?.text == "file://\(scratch.file("out.txt"))")
        #expect(browser.complaints == [])
    }

    @Test func `ten thousand attempts are sorted and filtered at once`() throws {
        try report(journal(10_000))
        let browser = try Browser()
        try browser.open(page)
        #expect(try browser.evaluate("document.title") == .text("records.jsonl"), "no text of a record became script")
        #expect(try browser.evaluate("document.querySelectorAll('#rows tbody tr').length").integer == 100)

        #expect(try sort("Wall s", browser) == .text("ascending"))
        #expect(try column("Wall s", browser, rows: 2) == ["0.010", "0.010"])
        #expect(try sort("Wall s", browser) == .text("descending"))
        #expect(try column("Wall s", browser, rows: 1) == ["99.730"])
        #expect(try sort("Job", browser) == .text("ascending"))
        #expect(
            try column("Job", browser, rows: 3).map { $0.prefix(6) } == ["job-0 ", "job-0 ", "job-1 "], "2 before 10")

        try set("outcome", "timeout", browser)
        #expect(try Set(column("Outcome", browser)) == ["timeout"])
        try set("validity", "!clean", browser)
        let both = try browser.evaluate("document.getElementById('count').innerText")
        let expected = (0..<10_000).count { $0 / 3 % 10 == 3 && $0 % 50 == 0 }
        #expect(both == .text("\(expected) of 10000 attempts"))
        try set("outcome", "", browser)
        try set("validity", "", browser)
        try set("filter", "job-4999 RIGHT", browser)
        #expect(try column("Job", browser).count == 1)
        try set("filter", "no such job", browser)
        #expect(try column("Job", browser).isEmpty)
        try set("filter", "", browser)
        #expect(
            try browser.evaluate(
                "document.getElementById('after').click(); document.getElementById('place').innerText")
                == .text("101 to 200 of 10000"))

        // Each as long as a reader waits, the drawing included; the first sort of a column is the slowest.
        for (what, action) in [
            ("sort", "document.querySelectorAll('#rows thead button')[4].click()"),
            ("sort by name", "document.querySelectorAll('#rows thead button')[0].click()"),
            ("filter", "{ filter.value = 'job-1'; filter.dispatchEvent(new Event('input', { bubbles: true })) }"),
        ] {
            let milliseconds = try browser.evaluate(
                "(() => { const began = performance.now(); \(action); document.getElementById('rows').offsetHeight;"
                    + " return Math.round(performance.now() - began); })()")
            #expect(milliseconds.integer ?? .max < 1000, "\(what): \(milliseconds)")
        }
        #expect(browser.complaints == [])
    }

    @Test func `it is drawn, in light and in dark, and without script`() throws {
        try report(journal(300))
        let browser = try Browser()
        var seen: [Bool: (count: Int, lightness: Int)] = [:]
        for isDark in [false, true] {
            try browser.prefer(dark: isDark)
            try browser.open(page)
            seen[isDark] = try browser.colours(ofPNG: browser.screenshot())
        }
        let (light, dark) = (try #require(seen[false]), try #require(seen[true]))
        #expect(light.count > 50 && light.lightness > 200, "\(light)")
        #expect(dark.count > 50 && dark.lightness < 90, "\(dark)")

        // The button turns it over, whatever the system says.
        try browser.prefer(dark: false)
        try browser.open(page)
        _ = try browser.evaluate("document.getElementById('theme').click()")
        let turned = try browser.colours(ofPNG: browser.screenshot())
        #expect(turned.lightness < 90, "\(turned)")

        try browser.allowScripts(false)
        try browser.open(page)
        let plain = try browser.screenshot()
        try browser.allowScripts(true)
        #expect(try browser.evaluate("document.querySelectorAll('#rows tbody tr').length").integer == 100)
        #expect(try browser.evaluate("document.getElementById('controls').hidden") == .bool(true))
        #expect(try browser.evaluate("document.querySelector('.plain').innerText").text?.contains("200 more") == true)
        #expect(try browser.colours(ofPNG: plain).count > 50)
        #expect(browser.complaints == [])
    }
}
