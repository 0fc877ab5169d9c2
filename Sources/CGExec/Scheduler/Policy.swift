/// How the scheduler decides where there is a choice.
struct Policy: Sendable, Hashable {
    var mode = Mode.strict
    var chains = Chains.on
    var halt: Halt?
    /// Whether the memory of jobs without a hard limit is learned from those that ran.
    var learnsMemory = true
    /// The least memory of each job without a limit or an estimate, which may mean fewer workers.
    var leastShare: ByteSize?
    /// How often a job whose figures matter is tried again because they are invalid.
    var reruns = 2
}
