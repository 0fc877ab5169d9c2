import DequeModule
import Glibc
import SystemPackage

/// Finds programs as execvp(3) does and tells them apart by their contents, on threads that may block: a file system
/// that hangs holds up only the jobs whose programs lie there, and these not for long.
///
/// `@unchecked Sendable`: it is touched by the reactor's thread alone; the threads get values and the digests.
final class ProgramSearch: @unchecked Sendable {
    typealias Answer = (ProgramVersion?) -> Void

    private let reactor: Reactor
    private let threads: Threads
    private let digests = FileDigests()
    /// By the paths of which the first that is a program is meant.
    private var questions: [[[UInt8]]: Question] = [:]
    private var waiting: Deque<(candidates: [[UInt8]], number: Int)> = []
    /// The looks under way, and whether somebody still waits for what comes of them.
    private var looks: [Int: Bool] = [:]
    private var lastNumber = 0

    /// Each may hang in a file system of its own; more at once would not make reading faster.
    private static let most = 8
    /// A program that is not known so long after it was asked for stays unknown: its job starts, and its own time limit can
    /// end it.
    private static let patience = Duration.seconds(5)

    private struct Question {
        /// Those who ask while others wait for the same get the same answer, so that thousands of jobs with one program
        /// cost one look.
        var answers: [Answer]
        var deadline: Reactor.Timer
        /// Tells it from a later one for the same paths.
        var number: Int
    }

    init(reactor: Reactor, threads: Threads) {
        self.reactor = reactor
        self.threads = threads
    }

    /// Gives the first of these files that can be executed, later and on the reactor's thread; nil when there is none,
    /// or when it cannot be read.
    func find(_ candidates: [[UInt8]], _ answer: @escaping Answer) {
        if questions[candidates] != nil {
            questions[candidates]?.answers.append(answer)
            return
        }
        lastNumber += 1
        let number = lastNumber
        // Where all hang, nobody waits for the next one.
        let patience = looks.count == Self.most && !looks.values.contains(true) ? .zero : Self.patience
        let deadline = reactor.schedule(at: monotonicNow().advanced(by: patience)) { [unowned self] in
            if looks[number] != nil { looks[number] = false }
            conclude(candidates, number, nil)
        }
        questions[candidates] = Question(answers: [answer], deadline: deadline, number: number)
        waiting.append((candidates, number))
        start()
    }

    /// Answers nobody any more.
    func close() {
        for question in questions.values { reactor.cancel(question.deadline) }
        (questions, waiting) = ([:], [])
    }

    private func start() {
        while looks.count < Self.most, let (candidates, number) = waiting.popFirst() {
            guard questions[candidates]?.number == number else { continue }
            looks[number] = true
            let begun = threads.run { [self] in
                let program = digests.firstProgram(of: candidates)
                reactor.post { [self] in looked(for: candidates, number, program) }
            }
            if !begun { reactor.post { [self] in looked(for: candidates, number, nil) } }
        }
    }

    private func looked(for candidates: [[UInt8]], _ number: Int, _ program: ProgramVersion?) {
        looks[number] = nil
        conclude(candidates, number, program)
        start()
    }

    private func conclude(_ candidates: [[UInt8]], _ number: Int, _ program: ProgramVersion?) {
        // An answer may come too late.
        guard let question = questions[candidates], question.number == number else { return }
        questions[candidates] = nil
        reactor.cancel(question.deadline)
        for answer in question.answers { answer(program) }
    }
}

extension [UInt8] {
    /// The path as it is opened in a directory; nil is this process's own.
    func located(in directory: String?) -> [UInt8] {
        guard let directory, first != UInt8(ascii: "/") else { return self }
        return Array(directory.utf8) + [UInt8(ascii: "/")] + self
    }
}
