import Foundation
import Support
import Testing

@testable import CGExec
@testable import cgexec_pool

/// The page of `report --html`, as a text; `ReportPageTests` opens it in a browser.
@Suite struct HTMLPageTests {
    private static let hostile =
        "</script><script>alert(1)</script><!--<svg onload=alert(1)>\"'&\u{2028}\u{0}\u{1B}[31m"

    private static func page(_ records: [Record]) -> String {
        HTMLPage(ReportHelp.data(records), links: HTMLLinks(folder: "/reports", start: nil)).html
    }

    /// A record in which every text is `text`.
    private static func record(_ id: Int, _ text: String) -> Record {
        var record = ReportHelp.record(id, text, .memory, seconds: Double(id))
        record.description = text
        record.task = text
        record.category = text + "\(id % 2)"
        record.argv = [text]
        record.cwd = text
        record.host = text
        record.params = [text: text]
        record.outcome.message = text
        record.notes = [text]
        record.limitsHit = [text]
        record.validity = .init(verdict: .perturbed, reasons: [text], notes: [text])
        record.placement = .init(piece: text)
        record.output = .init(stdout: .init(path: text, text: text), stderr: .init(path: "/" + text, text: text))
        record.samples = .init(seconds: [0, 1, 2], memoryBytes: [1, 2, 3], cpuSeconds: [0, 1, 2])
        return record
    }

    @Test func `whatever a record says stays text`() throws {
        var data = ReportHelp.data((1...6).map { Self.record($0, Self.hostile) })
        data.source = Self.hostile
        data.unfinished = [Self.hostile]
        var machine = HostDescription(name: Self.hostile, kernel: Self.hostile, cpus: CPUSet([0]))
        machine.processor = Self.hostile
        data.machines = [machine]
        let page = HTMLPage(data, links: HTMLLinks(folder: "/reports", start: nil)).html
        #expect(page.components(separatedBy: "<script").count == 3, "the data and the script, and no other")
        #expect(page.components(separatedBy: "</script").count == 3)
        #expect(!page.contains("<!--") && !page.contains("onload=alert(1)>\""))
        let script = page.components(separatedBy: "<script").dropFirst().joined()
        #expect(!script.unicodeScalars.contains("\u{2028}") && !script.contains("alert(1)><"))
        #expect(!page.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" })
        #expect(try ReportHelp.rows(page).count == 6)
        #expect(!page.contains("href=\"javascript:") && !page.contains("http://") && !page.contains("https://"))
    }

    @Test func `nothing but its own script may run`() {
        let page = Self.page([ReportHelp.record(1, "a")])
        let script = page.components(separatedBy: "<script>")[1].components(separatedBy: "</script>")[0]
        #expect(page.contains("script-src 'sha256-\(SHA256.base64(script))'"))
        #expect(page.contains("default-src 'none'") && !page.contains("script-src 'unsafe-inline'"))
        for word in ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval("] {
            #expect(!script.contains(word))
        }
    }

    @Test func `its pictures are well-formed, have names, and show what is there`() throws {
        let records = (1...40).map { id in
            var record = Self.record(id, id % 2 == 0 ? "plain" : Self.hostile)
            record.outcome = Outcome(Outcome.Kind.allCases[id % Outcome.Kind.allCases.count])
            record.repeat = id % 7 + 1
            if id > 20 { record.outcome = Outcome(.ok) }
            return record
        }
        let pictures = ReportHelp.pictures(Self.page(records))
        #expect(pictures.count { $0.contains("role=\"img\" aria-label=\"") } >= 6, "\(pictures.count)")
        for picture in pictures {
            #expect(ReportHelp.flaw(in: picture) == nil, "\(picture)")
        }
    }

    @Test func `what is not known is no zero`() {
        var record = ReportHelp.record(1, "a", .launchError)
        record.wallSeconds = nil
        record.usage = nil
        record.times = .init()
        let page = Self.page([record])
        #expect(!page.contains("0.000") && !page.contains(">Wall s<") && page.contains("nothing ran"))
        #expect(!page.contains("id=\"plots\""))
        #expect(!Self.page([]).contains("id=\"plots\""), "a run in which nothing has ended yet")
    }

    @Test(arguments: [-1, 1e300, .greatestFiniteMagnitude, .leastNonzeroMagnitude])
    func `figures that no clock gives harm nothing`(seconds: Double) throws {
        var records = (1...5).map { ReportHelp.record($0, "a", seconds: 1) }
        for index in records.indices {
            records[index].wallSeconds = seconds
            records[index].usage?.cpuSeconds = seconds
            records[index].usage?.memoryPeakBytes = .max
            records[index].slot = .max - index
            records[index].size = seconds
            records[index].limits.memory = .fraction(0.5)
            records[index].effective = ["memory.max": "inf"]
            records[index].times.started = Timestamp(nanosecondsSinceEpoch: .min + 1)
            records[index].samples = .init(
                seconds: [seconds, -seconds], memoryBytes: [.max, 0], cpuSeconds: [seconds, -seconds])
        }
        #expect(try ReportHelp.rows(Self.page(records)).count == 5)
    }

    @Test func `warm-ups are in the table and in no comparison`() {
        var records = (1...8).map { ReportHelp.record($0, "job", seconds: Double($0)) }
        for index in records.indices { records[index].repeat = index + 1 }
        records[7].warmup = true
        let page = Self.page(records)
        #expect(page.contains("warm-up 8") && page.contains("job (7)") && !page.contains("job (8)"))
    }

    @Test func `two groups are compared by the jobs that both have, whatever the sweep put into their names`() throws {
        let records = (0..<12).map { index in
            var record = ReportHelp.record(
                index + 1, "zip-\(index % 2 == 0 ? "fast" : "best") \(index / 2)", seconds: 1 + Double(index))
            record.params = ["level": index % 2 == 0 ? "fast" : "best"]
            return record
        }
        let groups = try #require(PlotGroups.best(of: records))
        #expect(groups.dimension == .param("level") && groups.groups.map(\.name) == ["best", "fast"])
        #expect(groups.closest.pairs.count == 6)
        #expect(groups.closest.pairs.allSatisfy { $0.left[0].id.number == $0.right[0].id.number + 1 })
    }

    @Test func `a variable that is another for each job divides nothing`() {
        let records = (1...5).map { number in
            var record = ReportHelp.record(number, "job-\(number)", seconds: Double(number))
            record.params = ["n": "\(number)"]
            return record
        }
        #expect(PlotGroups.best(of: records)?.groups.count == nil)
        #expect(Self.page(records).contains("all jobs (5)"))
    }

    @Test func `a run that was taken up another day has two timelines`() {
        let records = [0, 1, 90_000, 90_001].enumerated().map { index, start in
            ReportHelp.record(index + 1, "a", seconds: 1, start: Double(start))
        }
        let periods = PlotTimeline.periods(of: records)
        #expect(periods.map(\.bars.count) == [2, 2] && periods.allSatisfy { $0.seconds == 2 })
    }

    @Test func `ten thousand attempts are drawn quickly, and into a bounded page`() throws {
        let data = ReportHelp.large(10_000)
        let before = monotonicNanoseconds()
        let page = HTMLPage(data, links: HTMLLinks(folder: nil, start: nil)).html
        let seconds = Double(monotonicNanoseconds() - before) / 1e9
        // Built for debugging, on a busy machine: the release takes a tenth.
        #expect(seconds < 20)
        #expect(page.utf8.count < 8_000_000, "\(page.utf8.count)")
        let pictures = ReportHelp.pictures(page)
        for picture in pictures {
            let marks = picture.components(separatedBy: "<title>").count - 1
            #expect(marks <= PlotTimeline.mostMarks, "\(marks) in \(picture.prefix(200))")
            #expect(picture.utf8.count < 800_000, "\(picture.prefix(200))")
        }
        #expect(pictures.contains { $0.contains("aria-label=\"Timeline") })
        #expect(page.contains("100 results are shown here; the journal has 9900 more attempts"))
    }
}
