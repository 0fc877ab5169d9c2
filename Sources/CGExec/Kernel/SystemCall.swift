import CLinux
import Glibc
import SystemPackage

/// Makes a system call, again when a signal interrupted it.
///
/// `errno` is read at once: anything between the call and the read, even the release of an object, may change it.
@discardableResult
func systemCall<Result: FixedWidthInteger>(_ call: () -> Result) throws(Errno) -> Result {
    while true {
        let result = call()
        guard result == -1 else { return result }
        let code = errno
        if code != EINTR { throw Errno(rawValue: code) }
    }
}

/// The result of a CLinux function, which gives `-errno` on failure.
@discardableResult
func checked(_ result: Int32) throws(Errno) -> Int32 {
    guard result < 0 else { return result }
    throw Errno(rawValue: -result)
}

/// The monotonic clock, which deadlines and wall times are measured on.
func monotonicNow() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
}

/// Civil time.
func civilNow() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(nanosecondsSinceEpoch: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
}
