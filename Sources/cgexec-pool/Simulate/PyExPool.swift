import CGExec
import DequeModule

/// How PyExPool 3.2 balances its workers by memory, as far as a trace has need of it: one look every two seconds, no
/// reservations, estimates from what was seen of the job itself or of a lighter one that was killed, and a kill of the
/// heaviest when the sum is over the limit. https://github.com/eXascaleInfolab/PyExPool
struct PyExPool {
    /// How often it looks at its workers when there is a memory limit: it sleeps for 2 s, and a look takes a few ms.
    private static let period = 2.005
    private static let golden = 1.618
    /// An estimate counts so many times before a start.
    private static let safety = 3 - golden
    /// What a smaller reading leaves of the old one.
    private static let decay = 0.85

    private struct Worker {
        var program: Int
        /// What it is thought to need; 0 where nothing is known.
        var estimate = 0.0
        /// Orders the queue.
        var workers: Int
        var started = 0.0
        var slot = 0
        var isTerminated = false
    }

    private let programs: [Rehearsal.Program]
    private let limit: Double
    private let most: Int
    /// The category of each program, as a number: it is asked for each that waits at nearly every look.
    private let categories: [Int]
    /// Over which part of its run a program takes its memory.
    private let rise: (Int) -> Double
    private var now = 0.0
    private var running: [Worker] = []
    private var queue: Deque<Worker> = []
    private var freeSlots: [Int]
    private var attempts: [Rehearsal.Attempt] = []

    /// Runs all programs, submitted at once. Each takes its memory evenly over the part of its run that `rise` says.
    static func run(
        _ programs: [Rehearsal.Program], workers: Int, memory: ByteSize, rise: @escaping (Int) -> Double = { _ in 1 }
    ) -> [Rehearsal.Attempt] {
        var pool = PyExPool(programs, workers: workers, memory: memory, rise: rise)
        pool.submit()
        pool.revise()
        while !pool.running.isEmpty || !pool.queue.isEmpty {
            pool.now += Self.period
            pool.revise()
        }
        return pool.attempts
    }

    private init(_ programs: [Rehearsal.Program], workers: Int, memory: ByteSize, rise: @escaping (Int) -> Double) {
        self.programs = programs
        var numbers: [String: Int] = [:]
        categories = programs.map { program in
            // Those without one resemble each other, as it sees them.
            let category = program.category ?? ""
            let number = numbers[category] ?? numbers.count
            numbers[category] = number
            return number
        }
        self.rise = rise
        limit = Double(memory.bytes)
        most = workers
        freeSlots = Array((0..<workers).reversed())
    }

    private mutating func submit() {
        for program in programs.indices {
            let worker = Worker(program: program, workers: most)
            if running.isEmpty || queue.isEmpty && running.count < most {
                start(worker)
            } else {
                queue.append(worker)
            }
        }
    }

    /// One look: what ended, what must be killed, what starts.
    private mutating func revise() {
        var isKilling = false
        var ended: [Worker] = []
        var sum = 0.0
        for index in running.indices {
            let worker = running[index]
            if worker.isTerminated || worker.started + duration(worker) <= now {
                ended.append(worker)
            } else {
                let reading = memory(worker)
                let smoothed = max(reading, Self.decay * worker.estimate + (1 - Self.decay) * reading)
                running[index].estimate = smoothed
                sum += smoothed
            }
        }
        running.removeAll { worker in ended.contains { $0.program == worker.program } }
        if sum >= limit, running.count > 1 {
            isKilling = true
            sum -= killHeaviest(over: sum - limit * Double(running.count) / Double(running.count + 1))
        }
        for worker in ended { reap(worker, &sum) }
        if !isKilling || running.isEmpty { startQueued(&sum) }
    }

    /// Kills until enough is free, the heaviest first; one that runs longer may have more. Returns what they held.
    ///
    /// Candidates are piled up, each at least as heavy as the one below, and taken from the top. The lowest lies there
    /// twice, and counts twice when it is taken: PyExPool's own slip, which spares one now and then.
    private mutating func killHeaviest(over excess: Double) -> Double {
        var excess = excess
        var victims: [Int] = []
        while excess >= 0, running.count - victims.count > 1 {
            guard let first = running.indices.first(where: { !victims.contains($0) }) else { break }
            var stack = [first]
            let candidates = running.indices.filter { !victims.contains($0) }
            for index in candidates {
                let top = running[stack[stack.count - 1]]
                let ages = max(now - top.started, 0.001) / max(now - running[index].started, 0.001)
                let weight = min(max(ages.squareRoot(), 1 / Self.golden), Self.golden)
                if running[index].estimate * weight >= top.estimate { stack.append(index) }
            }
            while let index = stack.popLast(), excess >= 0, running.count - victims.count > 1 {
                if !victims.contains(index) { victims.append(index) }
                excess -= running[index].estimate
            }
        }
        for index in victims {
            running[index].workers = most - victims.count
            running[index].isTerminated = true
            finish(running[index], isKilled: true)
        }
        return victims.reduce(0) { $0 + running[$1].estimate }
    }

    /// What becomes of one that ended.
    private mutating func reap(_ worker: Worker, _ sum: inout Double) {
        guard worker.isTerminated else {
            finish(worker, isKilled: false)
            return
        }
        if running.isEmpty {
            start(worker)
            sum += worker.estimate
        } else {
            postpone(worker, toHead: sum + Self.safety * worker.estimate < limit)
        }
    }

    /// Puts one into the queue; those before it that are as heavy learn what it needs.
    private mutating func postpone(_ worker: Worker, toHead: Bool = false) {
        let index = queue.firstIndex { toHead ? $0.workers <= worker.workers : $0.workers < worker.workers }
        var end = index ?? queue.count
        let (category, size) = (categories[worker.program], programs[worker.program].size)
        var place = 0
        var lowered: [Worker] = []
        while place < end {
            guard categories[queue[place].program] == category, programs[queue[place].program].size >= size else {
                place += 1
                continue
            }
            queue[place].estimate = max(queue[place].estimate, worker.estimate)
            if queue[place].workers > worker.workers {
                queue[place].workers = worker.workers
                lowered.append(queue.remove(at: place))
                end -= 1
            } else {
                place += 1
            }
        }
        queue.insert(contentsOf: lowered + [worker], at: end)
    }

    private mutating func startQueued(_ sum: inout Double) {
        while let head = queue.first, running.count < most {
            let known = head.estimate > 0 ? head.estimate : sum / Double(1 + running.count)
            if !running.isEmpty, sum + known * Self.safety >= limit {
                if head.estimate > 0 {
                    queue.removeFirst()
                    postpone(head)
                }
                return
            }
            queue.removeFirst()
            start(head)
            sum += head.estimate
        }
    }

    private mutating func start(_ worker: Worker) {
        var worker = worker
        worker.started = now
        worker.isTerminated = false
        worker.slot = freeSlots.popLast() ?? 0
        running.append(worker)
    }

    private mutating func finish(_ worker: Worker, isKilled: Bool) {
        var attempt = Rehearsal.Attempt(
            program: worker.program, started: worker.started, memory: ByteSize(UInt64(memory(worker))),
            slot: worker.slot)
        // An end counts from when it is seen.
        attempt.ended = now
        attempt.isKilled = isKilled
        attempts.append(attempt)
        freeSlots.append(worker.slot)
    }

    private func duration(_ worker: Worker) -> Double { programs[worker.program].duration.seconds }

    /// What it holds now.
    private func memory(_ worker: Worker) -> Double {
        let part = (now - worker.started) / max(duration(worker) * rise(worker.program), 1e-9)
        return Double(programs[worker.program].peak.bytes) * min(1, part)
    }
}
