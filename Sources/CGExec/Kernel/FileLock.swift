import Glibc
import SystemPackage

/// A file that is locked against others (flock(2)) as long as this lives.
final class FileLock: Sendable {
    private let file: Descriptor

    private init(_ file: consuming Descriptor) { self.file = file }

    // Closing is not enough: a child that hangs before its exec has the descriptor, too.
    deinit { flock(file.raw, LOCK_UN) }

    /// Waits until nobody else has the lock, at most until `deadline`; then it throws `wouldBlock`.
    static func take(_ file: consuming Descriptor, until deadline: Instant) throws(Errno) -> FileLock {
        let lock = FileLock(file)
        // flock(2) knows no time limit, and we may have blocked the signals that would end its waiting.
        while true {
            do throws(Errno) {
                try systemCall { flock(lock.file.raw, LOCK_EX | LOCK_NB) }
                return lock
            } catch {
                guard error == .wouldBlock, monotonicNow() < deadline else { throw error }
                usleep(10_000)
            }
        }
    }
}
