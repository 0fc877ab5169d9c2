import CProbe
import Glibc

/// The loop that burns, in any number of threads.
enum Burner {
    enum Amount {
        case cpu(UInt64)
        case wall(UInt64)
    }

    struct Thread {
        let id: pid_t
        let nanoseconds: UInt64
    }

    static func burn(_ amount: Amount, threads count: Int) throws(Failure) -> [Thread] {
        if count == 1 { return [burn(amount)] }
        var workers: [(pthread_t, Work)] = []
        for _ in 0..<count {
            let work = Work(amount)
            var thread = pthread_t()
            let entry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
                if let context { Unmanaged<Work>.fromOpaque(context).takeUnretainedValue().run() }
                return nil
            }
            let error = pthread_create(&thread, nil, entry, Unmanaged.passUnretained(work).toOpaque())
            guard error == 0 else {
                throw .system(operation: "pthread_create", object: "thread \(workers.count + 1)", errno: error)
            }
            workers.append((thread, work))
        }
        return workers.compactMap { thread, work in
            pthread_join(thread, nil)
            return work.result
        }
    }

    private static func burn(_ amount: Amount) -> Thread {
        let wallStart = Clock.now()
        var noise = Noise(seed: wallStart)
        var isDone = false
        while !isDone {
            // xorshift never reaches 0, which the compiler cannot know: so the loop stays.
            for _ in 0..<20_000 where noise.next() == 0 { break }
            isDone =
                switch amount {
                case .cpu(let limit): Clock.now(CLOCK_THREAD_CPUTIME_ID) >= limit
                case .wall(let limit): Clock.now() - wallStart >= limit
                }
        }
        return Thread(id: probe_gettid(), nanoseconds: Clock.now(CLOCK_THREAD_CPUTIME_ID))
    }

    /// Touched by its thread alone until that was joined.
    private final class Work: @unchecked Sendable {
        private let amount: Amount
        private(set) var result: Thread?

        init(_ amount: Amount) { self.amount = amount }

        func run() { result = Burner.burn(amount) }
    }
}
