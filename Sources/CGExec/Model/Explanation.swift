extension Record {
    /// How the attempt ended, in a sentence for people; nil where the outcome's kind says all.
    package var explanation: String? {
        if let message = outcome.message { return message }
        func of(_ limit: (some CustomStringConvertible)?) -> String { limit.map { " of \($0)" } ?? "" }
        return switch outcome.kind {
        case .timeout: "it reached its time limit" + of(limits.timeout?.forPeople)
        case .cpuTimeout: "it reached its CPU time limit" + of(limits.cpuTimeout?.forPeople)
        case .output: "it wrote more than its output limit" + of(limits.outputLimit)
        case .pids: limits.pids.map { "it reached its limit of \($0) processes" }
        default: nil
        }
    }
}
