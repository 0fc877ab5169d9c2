/// One workload of the command line. `run` returns the exit status.
struct Command: Sendable {
    let name: String
    let synopsis: String
    let summary: String
    let run: @Sendable (inout Arguments) throws(Failure) -> Int32
}
