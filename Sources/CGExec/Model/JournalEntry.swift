/// One line of a journal: something that happened in a run, in the order in which it happened.
package struct JournalEntry: Sendable, Codable, Hashable {
    /// What happened.
    package enum Kind: String, Sendable, Codable, Hashable {
        /// A run began, perhaps taking up an earlier one.
        case begun
        /// An attempt is about to be started; its program does not run yet.
        case start
        /// An attempt is over, and nothing of it is left; or a job ended without one.
        case end
        /// A run ended by itself, with every job done or given up.
        case finished
    }

    /// What happened.
    package var event: Kind
    /// When.
    package var at: Timestamp
    /// Which run it belongs to, from 1.
    package var run: Int
    /// Of `begun`: who it is.
    package var owner: Owner?
    /// Of `begun`: the machine that it runs on.
    package var machine: HostDescription?
    /// Of `begun`: how many jobs it was told to run.
    package var jobs: Int?
    /// Of `start` and `end`: what makes the job the same in another run.
    package var key: String?
    /// Of `start`: the job's number, name and attempt.
    package var id: JobID?
    package var name: String?
    package var attempt: Int?
    /// Of `end`: whether nothing follows, and the record.
    package var isLast: Bool?
    package var record: Record?

    /// Who writes, by which a later run finds what this one left when it was killed.
    package struct Owner: Sendable, Codable, Hashable {
        /// The version of this form.
        package var journal = 1
        package var host: String
        package var pid: Int32
        /// The boot of that host, and when the process started: another may come to have the number.
        package var boot: String?
        package var started: UInt64?
        /// The pool's cgroup, and the number that the kernel gave it: no other of this boot has the same.
        package var cgroup: String?
        package var cgroupNumber: UInt64?

        package init(host: String, pid: Int32) {
            self.host = host
            self.pid = pid
        }
    }

    package init(_ event: Kind, at: Timestamp, run: Int) {
        self.event = event
        self.at = at
        self.run = run
    }
}
