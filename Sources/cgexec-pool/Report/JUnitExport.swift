import CGExec

/// JUnit XML as Jenkins, GitLab and others read it: each job is a test case, by its last attempt.
enum JUnitExport {
    static func render(_ data: ReportData) -> String {
        let cases = data.namedResults.map { (record: $0.record, element: testCase($0.name, $0.record)) }
        // A run that was killed must not look like one in which all is well.
        let lost = data.unfinished.map { name in
            XMLElement(
                "testcase", [("name", name), ("classname", "jobs")],
                [
                    XMLElement(
                        "error", [("message", "it was started, and is not known to have ended"), ("type", "lost")])
                ])
        }
        func count(_ verdict: Verdict) -> String {
            "\(cases.count { $0.record.verdict == verdict } + (verdict == .error ? lost.count : 0))"
        }
        let records = cases.map(\.record)
        let started = records.compactMap(\.times.started).min()
        let ended = records.compactMap(\.times.ended).max()
        let time = started.flatMap { start in
            ended.map { decimal(Double($0.nanosecondsSinceEpoch - start.nanosecondsSinceEpoch) / 1e9, places: 9) }
        }
        let hosts = Set(records.compactMap(\.host))
        let counts = [
            ("tests", "\(cases.count + lost.count)"), ("failures", count(.failure)), ("errors", count(.error)),
            ("skipped", count(.skipped)), ("time", time),
        ]
        let suite: [(name: String, value: String?)] =
            [("name", data.name)] + counts + [
                // In UTC, to the second and without a zone: so it stands in the format's schemas.
                ("timestamp", started.map { String($0.description.prefix(19)) }),
                ("hostname", hosts.count == 1 ? hosts.first : nil),
            ]
        return XMLElement("testsuites", counts, [XMLElement("testsuite", suite, cases.map(\.element) + lost)]).document
    }

    private static func testCase(_ name: String, _ record: Record) -> XMLElement {
        let attributes: [(name: String, value: String?)] = [
            ("name", name), ("classname", record.task ?? record.category ?? "jobs"),
            ("time", record.wallSeconds.map { decimal($0, places: 9) }),
        ]
        var children: [XMLElement] = []
        if let verdict = record.verdict {
            let explanation: [(name: String, value: String?)] = [
                ("message", record.explanation ?? record.outcome.forPeople), ("type", record.outcome.kind.rawValue),
            ]
            // Readers show the text of what failed, and of what was skipped the message.
            children.append(
                verdict == .skipped
                    ? XMLElement("skipped", [explanation[0]])
                    : XMLElement(verdict.rawValue, explanation, text: details(record)))
        }
        for (name, stream) in [("system-out", record.output?.stdout), ("system-err", record.output?.stderr)] {
            if let text = stream?.text, !text.isEmpty { children.append(XMLElement(name, text: text)) }
        }
        return XMLElement("testcase", attributes, children)
    }

    private static func details(_ record: Record) -> String {
        [record.outcome.forPeople, record.explanation, "command: \(ShellText.line(record.argv))"].compactMap { $0 }
            .joined(separator: "\n")
    }

    /// What the format calls a case that did not pass.
    enum Verdict: String {
        case failure, error, skipped
    }
}

extension Record {
    /// A failure is the program's, an error is not, and what was skipped was not tried to its end; nil for success.
    fileprivate var verdict: JUnitExport.Verdict? {
        switch outcome.kind {
        case .ok: nil
        case .exit, .signal, .timeout, .cpuTimeout, .memory, .pids, .output: .failure
        case .launchError, .lost: .error
        case .cancelled, .chained, .postponed: .skipped
        }
    }
}

extension ReportData {
    /// The file without its directory.
    var name: String { source == "-" ? "standard input" : source.split(separator: "/").last.map(String.init) ?? source }
}
