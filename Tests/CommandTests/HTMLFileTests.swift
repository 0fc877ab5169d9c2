import Glibc
import Support
import Testing

/// Where `report --html` puts its page; `ReportPageTests` looks at it.
@Suite struct HTMLFileTests {
    private let scratch: ScratchDirectory
    private let records: String

    init() throws {
        scratch = try ScratchDirectory()
        let record = #"{"argv":["true"],"attempt":1,"enforcement":{},"id":1,"limits":{},"name":"only","#
        records = try scratch.write(
            record + #""outcome":{"code":0,"kind":"ok"},"schema":1,"times":{},"wallSeconds":1}"# + "\n", to: "records")
    }

    private func report(_ page: String) throws -> Child.Finish {
        try Child.run([Programs.pool(), "report", records, "--html", page])
    }

    @Test func `a dash is standard output, and nothing else is written there`() throws {
        let file = try report(scratch.file("page.html"))
        #expect(file.status == .exited(0) && file.stdout.isEmpty && file.stderr.isEmpty, "\(file)")
        let page = try #require(contents(of: scratch.file("page.html")))
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n") && page.contains("only"))
        #expect(try report("-").stdout == page)
    }

    @Test func `a place that cannot be written is told, and nothing is left there`() throws {
        let file = try report(scratch.file("no/such/page.html"))
        #expect(file.status == .exited(125), "\(file)")
        #expect(file.stderr.contains("cannot write to \(scratch.file("no/such/page.html"))"))
        let full = try Child.script("\"$POOL\" report \"$1\" --html - > /dev/full", [records])
        #expect(full.status == .exited(125) && full.stderr.contains("cannot write to standard output: "), "\(full)")
        #expect(scratch.names == ["records"])
    }
}
