import CGExec
import Testing

@testable import cgexec_pool

@Suite struct TraceReaderTests {
    private static let head = "start_ms,category,size_bytes,peak_bytes,runtime_s,declared_bytes\n"

    private func read(_ text: String) throws -> [TraceJob] {
        try TraceReader.read(text, name: "t.csv", memory: .gib(128)).jobs
    }

    @Test func `jobs come in the order of their start`() throws {
        let jobs = try read(Self.head + "20,b,5,1024,1.5,2048\n10,a,,7,2,8\n20,c,0,1e3,0,1\n")
        #expect(
            jobs == [
                TraceJob(start: 10, category: "a", size: 0, peak: 7, seconds: 2, declared: 8),
                TraceJob(start: 20, category: "b", size: 5, peak: 1024, seconds: 1.5, declared: 2048),
                TraceJob(start: 20, category: "c", size: 0, peak: 1000, seconds: 0, declared: 1),
            ])
    }

    @Test(arguments: ["a", "a,b", "say \"hi\"", "two\nlines", "", "ä🜁"])
    func `a category may have any characters`(_ category: String) throws {
        let quoted = "\"\(category.replacing("\"", with: "\"\""))\""
        #expect(try read(Self.head + "1,\(quoted),1,1,1,1").map(\.category) == [category])
    }

    @Test func `columns may come in any order, with others between, and lines may end as on other systems`() throws {
        let text =
            "peak_bytes,x,category,declared_bytes,size_bytes,start_ms,runtime_s\r\n7,?,c,8,1,3,2\r\n\r\n9,?,c,8,1,4,2\r\n"
        #expect(try read(text).map(\.peak) == [7, 9])
    }

    @Test func `all problems at once, with line and column`() throws {
        let text =
            Self.head + """
                1,a,1,many,1,1
                1,a,1,1

                x,a,-1,1,1e999,0
                1,a,1,1,1,1,1
                1,a,1,200000000000,,1
                1,"a,1
                """
        let error = #expect(throws: Problems.self) { try read(text) }
        #expect(
            try #require(error).description == """
                t.csv:2:7: peak_bytes: 'many' is not a number of bytes
                t.csv:3:1: 4 fields where the first line has 6
                t.csv:5:1: start_ms: 'x' is not a number
                t.csv:5:5: size_bytes: '-1' is not a number, 0 where it is unknown
                t.csv:5:10: runtime_s: '1e999' is not a number of seconds
                t.csv:5:16: declared_bytes: '0' is not a number of bytes, 1 or more
                t.csv:6:13: 7 fields where the first line has 6
                t.csv:7:20: runtime_s: nothing is not a number of seconds
                t.csv:8:1: 2 fields where the first line has 6
                t.csv:8:3: the quotation mark is not closed; put one at the end of the field
                10 problems; nothing was started
                """)
    }

    @Test(arguments: [
        (
            "",
            "1:1: the file is empty; its first line must be start_ms,category,size_bytes,peak_bytes,runtime_s,declared_bytes"
        ),
        (
            "\n\n",
            "1:1: the file is empty; its first line must be start_ms,category,size_bytes,peak_bytes,runtime_s,declared_bytes"
        ),
        ("category,start_ms,runtime_s\n1,2,3\n", "1:1: the columns size_bytes, peak_bytes, declared_bytes are missing"),
        (head.replacing("start_ms", with: "start") + "1,2,3\n", "1:1: the column start_ms is missing"),
        (head.replacing("\n", with: ",category\n"), "1:66: the column category is there twice"),
        (head, "1:1: there are no jobs"),
        (
            head + "1,a,1,137438953473,1,1",
            "2:7: it needs more than the 128 GiB of the machine; give more with --memory"
        ),
    ])
    func `what is wrong with the whole`(_ text: String, _ problem: String) throws {
        let error = #expect(throws: Problems.self) { try read(text) }
        #expect(try #require(error).description == "t.csv:\(problem)\n1 problem; nothing was started")
    }
}
