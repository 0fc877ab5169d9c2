import Foundation
import Testing

@testable import CGExec

@Suite struct RecordTests {
    private static let bare = Record(
        id: JobID(7), name: "n", attempt: 1, argv: ["true"], outcome: Outcome(.ok, code: 0), times: .init(),
        limits: Limits(), enforcement: [:])

    private static var full: Record {
        var record = bare
        record.description = "d"
        record.task = "t"
        record.category = "c"
        record.size = 1.5
        record.cwd = "/tmp"
        record.host = "h"
        record.slot = 0
        record.fallback = true
        record.repeat = 2
        record.warmup = true
        record.samples = .init(seconds: [0.5], memoryBytes: [4096], cpuSeconds: [0.25])
        record.phase = 2
        record.params = ["x": "1"]
        record.outcome = Outcome(
            .memory, code: 1, signal: 9, cause: JobID(3), culprit: .pool, stage: "leaf", errno: 2, message: "m")
        record.limitsHit = ["pids"]
        let instant = Timestamp(nanosecondsSinceEpoch: 1_000_000_007)
        record.times = .init(queued: instant, admitted: instant, started: instant, ended: instant)
        record.wallSeconds = 0.25
        var usage = Usage()
        usage.cpuSeconds = 1
        usage.userSeconds = 0.5
        usage.systemSeconds = 0.5
        usage.memoryPeakBytes = 4096
        usage.needPeakBytes = 2048
        usage.swapPeakBytes = 0
        usage.pidsPeak = 3
        usage.memory = ["anon": 1]
        usage.io = [.init(device: "8:0", rbytes: 1, wbytes: 2, rios: 3, wios: 4)]
        let stall = Usage.Stall(someSeconds: 0.5, fullSeconds: 0.25)
        usage.pressure = .init(cpu: stall, memory: stall, io: .init(someSeconds: 0.5))
        usage.throttledSeconds = 0.5
        usage.frozenSeconds = 0
        usage.majorFaults = 5
        record.usage = usage
        record.limits = Limits(memory: .mib(64), timeout: .seconds(3))
        record.effective = ["memory.max": "67108864"]
        record.placement = .init(
            cpus: CPUSet([0, 1]), mems: CPUSet([0]), idle: CPUSet([2, 3]), piece: "l2:0", partition: .root)
        record.enforcement = ["memory": .cgroup, "timeout": .scheduler]
        record.neighbours = [.init(id: JobID(5), shared: .l3)]
        record.validity = .init(verdict: .perturbed, reasons: ["r"], notes: ["v"])
        record.key = "0123456789abcdef"
        record.notes = ["note"]
        record.output = .init(
            stdout: .init(text: "hi", bytes: 2, truncated: false), stderr: .init(path: "/tmp/e/f"))
        return record
    }

    @Test func `a bare record, to the letter`() throws {
        let line =
            #"{"argv":["true"],"attempt":1,"enforcement":{},"id":7,"limits":{},"name":"n","#
            + #""outcome":{"code":0,"kind":"ok"},"schema":1,"times":{}}"#
        #expect(try Self.bare.jsonLine() == line)
        #expect(try Record(json: line) == Self.bare)
    }

    @Test func `a full record, to the letter`() throws {
        let instant = "1970-01-01T00:00:01.000000007Z"
        let line =
            #"{"argv":["true"],"attempt":1,"category":"c","cwd":"/tmp","description":"d","#
            + #""effective":{"memory.max":"67108864"},"enforcement":{"memory":"cgroup","timeout":"scheduler"},"fallback":true,"#
            + #""host":"h","id":7,"key":"0123456789abcdef","limits":{"memory":67108864,"timeout":3},"limitsHit":["pids"],"name":"n","#
            + #""neighbours":[{"id":5,"shared":"l3"}],"notes":["note"],"outcome":{"cause":3,"code":1,"culprit":"pool","errno":2,"kind":"memory","#
            + #""message":"m","signal":9,"stage":"leaf"},"output":{"stderr":{"path":"/tmp/e/f"},"#
            + #""stdout":{"bytes":2,"text":"hi","truncated":false}},"params":{"x":"1"},"#
            + #""phase":2,"placement":{"cpus":"0-1","idle":"2-3","mems":"0","partition":"root","piece":"l2:0"},"repeat":2,"#
            + #""samples":{"cpuSeconds":[0.25],"memoryBytes":[4096],"seconds":[0.5]},"schema":1,"size":1.5,"slot":0,"task":"t","times":{"#
            + #""admitted":"\#(instant)","ended":"\#(instant)","queued":"\#(instant)","started":"\#(instant)"},"usage":{"cpuSeconds":1,"#
            + #""frozenSeconds":0,"io":[{"device":"8:0","rbytes":1,"rios":3,"wbytes":2,"wios":4}],"majorFaults":5,"#
            + #""memory":{"anon":1},"memoryPeakBytes":4096,"needPeakBytes":2048,"pidsPeak":3,"#
            + #""pressure":{"cpu":{"fullSeconds":0.25,"someSeconds":0.5},"io":{"someSeconds":0.5},"#
            + #""memory":{"fullSeconds":0.25,"someSeconds":0.5}},"swapPeakBytes":0,"systemSeconds":0.5,"#
            + #""throttledSeconds":0.5,"userSeconds":0.5},"validity":{"notes":["v"],"reasons":["r"],"verdict":"perturbed"},"wallSeconds":0.25,"warmup":true}"#
        #expect(try Self.full.jsonLine() == line)
        #expect(try Record(json: line) == Self.full)
    }

    @Test func `one line, whatever is in it`() throws {
        var record = Self.bare
        record.name = "a\nb\u{2028}\"\\\u{0}\r😀"
        record.argv = ["/bin/sh", "-c", "printf '\\n'\n"]
        let line = try record.jsonLine()
        #expect(!line.contains("\n") && !line.contains("\r"))
        #expect(try Record(json: line) == record)
    }

    @Test func `keys of a later version are ignored`() throws {
        let line = try Self.bare.jsonLine().dropLast() + #","novelty":"clean"}"#
        #expect(try Record(json: String(line)) == Self.bare)
    }

    @Test(arguments: ["", "{}", "[]", #"{"schema":1}"#, "nonsense"])
    func `what is no record is refused`(_ text: String) {
        #expect(throws: (any Error).self) { try Record(json: text) }
    }

    @Test func `the words of outcomes`() {
        #expect(
            Outcome.Kind.allCases.map(\.rawValue) == [
                "ok", "exit", "signal", "timeout", "cpuTimeout", "memory", "pids", "output", "chained", "postponed",
                "cancelled", "lost", "launchError",
            ])
        #expect(Outcome.Kind.allCases.filter { Outcome($0).isSuccess } == [.ok])
    }

    // MARK: docs/records.md

    /// Keys whose own keys are described in a sentence, and not in a row each.
    private static let described: Set = [
        "params", "limits", "effective", "enforcement", "usage.memory", "usage.pressure", "output.stdout",
        "output.stderr",
    ]

    private static func keys(of object: [String: Any], below path: String = "") -> [String] {
        object.flatMap { key, value in
            let inner = described.contains(path + key) ? nil : value as? [String: Any]
            return inner.map { keys(of: $0, below: path + key + ".") } ?? [path + key]
        }
    }

    @Test func `the page about records has a row for every key`() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/records.md")
        let text = try String(contentsOf: page.standardizedFileURL, encoding: .utf8)
        let tables = text.components(separatedBy: "\n\n").filter { $0.hasPrefix("| key |") }
        let rows = tables.flatMap { $0.matches(of: #/\n\| `([A-Za-z.]+)` \|/#).map { String($0.output.1) } }
        let record = try JSONSerialization.jsonObject(with: Data(try Self.full.jsonLine().utf8))
        #expect(rows.sorted() == Self.keys(of: try #require(record as? [String: Any])).sorted())
    }

    @Test func `the full record lacks nothing but what cannot go together`() {
        #expect(
            Self.unset(in: Self.full, named: "") == [
                ".usage.pressure.io.fullSeconds", ".output.stdout.path", ".output.stderr.text", ".output.stderr.bytes",
                ".output.stderr.truncated",
            ])
    }

    /// The optional properties that are nil, at any depth; in a list only those of its elements.
    private static func unset(in value: Any, named name: String) -> [String] {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .optional {
            return mirror.children.first.map { unset(in: $0.value, named: name) } ?? [name]
        }
        guard mirror.displayStyle == .struct, !(value is Limits) else { return [] }
        return mirror.children.flatMap { unset(in: $0.value, named: name + "." + ($0.label ?? "")) }
    }
}
