import CGExec

/// Comma-separated values (RFC 4180): a row for each attempt, its columns named as the keys of the record. What is not
/// known is empty.
enum CSVExport {
    static func render(_ data: ReportData) -> String {
        let parameters = Set(data.attempts.flatMap { $0.record.params?.keys.map { $0 } ?? [] }).sorted()
        let columns =
            job + parameters.map { name in Column("params.\(name)") { $0.record.params?[name] } } + result
            + LimitOption.all.map { limit in Column("limits.\(limit.name)") { limit.text(of: $0.record.limits) } }
            + rest
        let rows = [columns.map(\.name)] + data.attempts.map { attempt in columns.map { $0.value(attempt) ?? "" } }
        return rows.map { $0.map(field).joined(separator: ",") + "\r\n" }.joined()
    }

    /// In quotation marks where it must be (RFC 4180, 2.6 and 2.7); and where blanks at its ends might be cut off.
    static func field(_ text: String) -> String {
        let needsQuotes =
            text.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) } || text.first == " "
            || text.last == " "
        return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }

    private struct Column {
        let name: String
        let value: (ReportData.Attempt) -> String?

        init(_ name: String, _ value: @escaping (ReportData.Attempt) -> String?) {
            self.name = name
            self.value = value
        }

        static func text(_ name: String, _ value: @escaping (Record) -> String?) -> Column {
            Column(name) { value($0.record) }
        }

        static func number(_ name: String, _ value: @escaping (Record) -> (some BinaryInteger)?) -> Column {
            Column(name) { value($0.record).map { "\($0)" } }
        }

        /// Nanoseconds are the smallest that any figure has.
        static func decimal(_ name: String, _ value: @escaping (Record) -> Double?) -> Column {
            Column(name) { value($0.record).map { CGExec.decimal($0, places: 9) } }
        }
    }

    // MARK: The columns

    private static var job: [Column] {
        [
            .number("id") { $0.id.number }, .text("key") { $0.key }, .text("name") { $0.name },
            .text("task") { $0.task }, .text("category") { $0.category }, .decimal("size") { $0.size },
            .number("attempt") { $0.attempt }, .number("repeat") { $0.repeat },
            .text("warmup") { $0.warmup.map { "\($0)" } }, .text("fallback") { $0.fallback.map { "\($0)" } },
            .number("phase") { $0.phase }, Column("isLast") { "\($0.isLast)" },
            .text("host") { $0.host }, .number("slot") { $0.slot },
        ]
    }

    private static var result: [Column] {
        [
            .text("outcome.kind") { $0.outcome.kind.rawValue }, .number("outcome.code") { $0.outcome.code },
            .number("outcome.signal") { $0.outcome.signal }, .text("outcome.culprit") { $0.outcome.culprit?.rawValue },
            .text("outcome.stage") { $0.outcome.stage }, .number("outcome.errno") { $0.outcome.errno },
            .number("outcome.cause") { $0.outcome.cause?.number }, .text("outcome.message") { $0.outcome.message },
            .text("limitsHit") { $0.limitsHit.map(list) },
            .text("times.queued") { $0.times.queued?.description },
            .text("times.admitted") { $0.times.admitted?.description },
            .text("times.started") { $0.times.started?.description },
            .text("times.ended") { $0.times.ended?.description },
            .decimal("wallSeconds") { $0.wallSeconds },
        ] + usage
    }

    private static var usage: [Column] {
        [
            .decimal("usage.cpuSeconds") { $0.usage?.cpuSeconds },
            .decimal("usage.userSeconds") { $0.usage?.userSeconds },
            .decimal("usage.systemSeconds") { $0.usage?.systemSeconds },
            .decimal("usage.throttledSeconds") { $0.usage?.throttledSeconds },
            .decimal("usage.frozenSeconds") { $0.usage?.frozenSeconds },
            .number("usage.memoryPeakBytes") { $0.usage?.memoryPeakBytes },
            .number("usage.needPeakBytes") { $0.usage?.needPeakBytes },
            .number("usage.swapPeakBytes") { $0.usage?.swapPeakBytes },
            .number("usage.majorFaults") { $0.usage?.majorFaults }, .number("usage.pidsPeak") { $0.usage?.pidsPeak },
            .number("usage.io.rbytes") { $0.usage?.total { $0.rbytes } },
            .number("usage.io.wbytes") { $0.usage?.total { $0.wbytes } },
            .number("usage.io.rios") { $0.usage?.total { $0.rios } },
            .number("usage.io.wios") { $0.usage?.total { $0.wios } },
            .decimal("usage.pressure.cpu.someSeconds") { $0.usage?.pressure?.cpu?.someSeconds },
            .decimal("usage.pressure.cpu.fullSeconds") { $0.usage?.pressure?.cpu?.fullSeconds },
            .decimal("usage.pressure.memory.someSeconds") { $0.usage?.pressure?.memory?.someSeconds },
            .decimal("usage.pressure.memory.fullSeconds") { $0.usage?.pressure?.memory?.fullSeconds },
            .decimal("usage.pressure.io.someSeconds") { $0.usage?.pressure?.io?.someSeconds },
            .decimal("usage.pressure.io.fullSeconds") { $0.usage?.pressure?.io?.fullSeconds },
        ]
    }

    private static var rest: [Column] {
        [
            .text("enforcement") {
                list($0.enforcement.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.rawValue)" })
            },
            .text("placement.cpus") { $0.placement?.cpus?.description },
            .text("placement.mems") { $0.placement?.mems?.description },
            .text("placement.idle") { $0.placement?.idle?.description },
            .text("placement.piece") { $0.placement?.piece },
            .text("placement.partition") { $0.placement?.partition?.rawValue },
            .text("validity.verdict") { $0.validity?.verdict.rawValue },
            .text("validity.reasons") { $0.validity.map { list($0.reasons) } },
            .text("validity.notes") { $0.validity?.notes.map(list) }, .text("notes") { $0.notes.map(list) },
            .text("output.stdout.path") { $0.output?.stdout?.path },
            .number("output.stdout.bytes") { $0.output?.stdout?.bytes },
            .text("output.stderr.path") { $0.output?.stderr?.path },
            .number("output.stderr.bytes") { $0.output?.stderr?.bytes },
            .text("cwd") { $0.cwd }, .text("command") { ShellText.line($0.argv) },
        ]
    }

    private static func list(_ texts: [String]) -> String { texts.joined(separator: "; ") }
}

extension Usage {
    /// The sum over all devices; nil where it is not known of one. A device without traffic is not in the list.
    func total(_ count: (IO) -> UInt64?) -> UInt64? {
        io?.reduce(UInt64?.some(0)) { sum, device in
            guard let sum, let its = count(device) else { return nil }
            return sum &+ its
        }
    }
}
