import CGExec

/// How the end of an attempt looks in plots and tables: few enough kinds that they can be told apart by pattern and
/// sign, not by colour alone. In the order of what a reader has to know of first.
enum OutcomeLook: Int, CaseIterable, Comparable {
    case ok, undone, limit, time, failed, memory

    init(_ kind: Outcome.Kind) {
        self =
            switch kind {
            case .ok: .ok
            case .exit, .signal, .launchError: .failed
            case .timeout, .cpuTimeout: .time
            case .memory: .memory
            case .pids, .output: .limit
            case .chained, .postponed, .cancelled, .lost: .undone
            }
    }

    static func < (left: OutcomeLook, right: OutcomeLook) -> Bool { left.rawValue < right.rawValue }

    /// The class in the style sheet.
    var name: String {
        switch self {
        case .ok: "ok"
        case .undone: "undone"
        case .limit: "limit"
        case .time: "time"
        case .failed: "failed"
        case .memory: "memory"
        }
    }

    /// What a legend says.
    var words: String {
        switch self {
        case .ok: "ok"
        case .undone: "not to its end (cancelled, chained, postponed, lost)"
        case .limit: "processes or output"
        case .time: "time limit"
        case .failed: "failed (exit, signal, launch)"
        case .memory: "memory"
        }
    }
}
