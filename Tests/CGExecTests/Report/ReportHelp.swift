import Foundation

@testable import CGExec
@testable import cgexec_pool

/// Runs as a report reads them.
enum ReportHelp {
    static func record(_ id: Int, _ name: String, _ kind: Outcome.Kind = .ok, seconds: Double = 1, start: Double = 0)
        -> Record
    {
        var record = Record(
            id: JobID(id), name: name, attempt: 1, argv: ["true"], outcome: Outcome(kind), times: .init(),
            limits: Limits(), enforcement: [:])
        record.times.started = Timestamp(nanosecondsSinceEpoch: Int64((1e9 + start) * 1e9))
        record.times.ended = Timestamp(nanosecondsSinceEpoch: Int64((1e9 + start + seconds) * 1e9))
        record.wallSeconds = seconds
        record.usage = Usage()
        record.usage?.cpuSeconds = seconds * 0.9
        record.usage?.memoryPeakBytes = UInt64(seconds * 0x1p20)
        return record
    }

    static func data(_ records: [Record]) -> ReportData {
        var data = ReportData(source: "run.journal")
        data.attempts = records.map { ReportData.Attempt(record: $0, isLast: true) }
        return data
    }

    /// A long run of two tools over the same jobs in 16 slots, some of which fail.
    static func large(_ count: Int) -> ReportData {
        let kinds: [Outcome.Kind] = [.ok, .ok, .ok, .ok, .timeout, .ok, .memory, .ok, .exit, .ok]
        return data(
            (0..<count).map { index in
                let seconds = 0.01 * Double(1 + index * 7919 % 9973)
                var record = record(
                    index + 1, "job-\(index / 2)", kinds[index / 3 % 10], seconds: seconds,
                    start: Double(index / 16) * 120)
                record.category = index % 2 == 0 ? "left" : "right"
                record.slot = index % 16
                record.validity = .init(
                    verdict: index % 50 == 0 ? .perturbed : .clean, reasons: index % 50 == 0 ? ["heat"] : [])
                record.output = .init(stdout: nil, stderr: .init(text: String(repeating: "x", count: 5000)))
                return record
            })
    }

    /// The rows of a page's data.
    static func rows(_ page: String) throws -> [Any] {
        let data = page.components(separatedBy: "id=\"data\">")[1].components(separatedBy: "</script>")[0]
        let object = try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any]
        return object?["rows"] as? [Any] ?? []
    }

    /// The pictures of a page.
    static func pictures(_ page: String) -> [String] {
        page.components(separatedBy: "<svg ").dropFirst().compactMap { part in
            part.range(of: "</svg>").map { "<svg " + part[..<$0.upperBound] }
        }
    }

    /// What is not well-formed in a piece of XML without comments and the like; nil where nothing is.
    static func flaw(in xml: String) -> String? {
        var open: [Substring] = []
        var rest = Substring(xml)
        while let start = rest.firstIndex(of: "<") {
            if let flaw = flaw(inText: rest[..<start]) { return flaw }
            guard
                let tag = rest[start...].prefixMatch(
                    of: #/<(\/?)([a-z][a-z0-9]*)((?:\s+[A-Za-z:-]+="[^"<]*")*)\s*(\/?)>/#)
            else {
                return "this is no tag: \(rest[start...].prefix(80))"
            }
            if let flaw = flaw(inText: tag.output.3) { return flaw }
            let names = tag.output.3.matches(of: #/\s([A-Za-z:-]+)=/#).map(\.output.1)
            if Set(names).count < names.count { return "an attribute twice: \(tag.output.0)" }
            if !tag.output.1.isEmpty {
                guard open.popLast() == tag.output.2 else { return "it closes what is not open: \(tag.output.0)" }
            } else if tag.output.4.isEmpty {
                open.append(tag.output.2)
            }
            rest = rest[tag.range.upperBound...]
        }
        return open.isEmpty ? flaw(inText: rest) : "\(open) is not closed"
    }

    private static func flaw(inText text: Substring) -> String? {
        let bare = text.replacing(#/&(amp|lt|gt|quot|#39);/#, with: "")
        return bare.contains("&") ? "a bare ampersand in \(text)" : nil
    }
}
