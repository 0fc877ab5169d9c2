@testable import CGExec

extension Event {
    /// The end of an attempt of which nothing else is known.
    static func ended(_ id: AttemptID, _ status: AttemptStatus, culprit: Outcome.Culprit?) -> Event {
        .ended(id, AttemptEnd(status: status, culprit: culprit))
    }
}
