import Glibc
import Synchronization

/// Runs `body` on a new thread, since what blocks has no place among the tasks' own threads, and since some properties
/// of a thread (affinity, capabilities) are to be changed and then thrown away with it.
package func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        let work = Work { continuation.resume(with: Swift.Result(catching: body)) }
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let context = Unmanaged.passRetained(work)
        let status = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        pthread_attr_destroy(&attributes)
        if status != 0 {
            context.release()
            continuation.resume(throwing: NoThread(errno: status))
        }
    }
}

private struct NoThread: Error {
    let errno: Int32
}

private final class Work: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
