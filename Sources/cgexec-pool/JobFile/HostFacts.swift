import CGExec
import Glibc

/// The facts of a host that speak for or against a job, gathered by the caller.
struct HostFacts: Sendable {
    /// The CPUs that jobs may have.
    var allowed: CPUSet
    /// The pool's budget in bytes, where it is known.
    var budget: ByteSize?
    /// The pool's own environment, which jobs inherit.
    var environment: [String: String]
    /// How much a new program can be given.
    var arguments = ArgumentLimits.current

    /// The kernel's limits on arguments and environment, see execve(2).
    struct ArgumentLimits: Hashable, Sendable {
        /// The longest single text with its end, `MAX_ARG_STRLEN`.
        var single = 131_072
        /// All texts and the pointers to them.
        var total: Int

        /// A quarter of the stack limit, at least 128 KiB and at most 6 MiB.
        static var current: ArgumentLimits {
            var stack = rlimit()
            let known = getrlimit(__rlimit_resource_t(RLIMIT_STACK.rawValue), &stack) == 0
            let quarter = known ? Int(clamping: stack.rlim_cur / 4) : 0
            return ArgumentLimits(total: min(max(quarter, 131_072), 6 << 20))
        }
    }
}
