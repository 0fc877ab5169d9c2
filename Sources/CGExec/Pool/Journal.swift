import FoundationEssentials
import Glibc
import SystemPackage

/// The journal of a run: a line before each attempt's program starts, and one with its record when nothing of it is left, so
/// that a later run can take up what this one did not finish.
///
/// `@unchecked Sendable`: it is touched by the reactor's thread alone; the writing thread only gets values.
package final class Journal: @unchecked Sendable {
    private var file: JournalFile
    /// What earlier runs left.
    package let before: JournalState
    private let run: Int
    package let keys: ContentKeys
    /// Runs what is given on the pool's thread.
    var post: @Sendable (@escaping @Sendable () -> Void) -> Void = { $0() }
    /// What is to be done when the start of an attempt is written.
    private var starting: [AttemptID: (String) -> Void] = [:]

    /// Opens a journal, or makes it.
    ///
    /// - Parameters:
    ///   - syncs: whether what is written outlives the machine, and not only this process.
    /// - Throws: `KernelError` when it cannot be read or written, or another run has it; `JournalDamage` when it is no
    ///   journal.
    package init(_ path: String, syncs: Bool) throws {
        let file = try JournalFile(path, syncs: syncs)
        self.file = file
        var state = JournalState()
        for entry in try Self.entries(of: file) { state.apply(entry) }
        before = state
        run = state.run + 1
        keys = ContentKeys()
    }

    /// Everything in a journal, in its order; also while a run writes to it.
    package static func read(_ path: String) throws -> [JournalEntry] {
        let text: String
        do throws(Errno) {
            text = try Descriptor.open(path, O_RDONLY | O_NOCTTY).readAll()
        } catch {
            throw KernelError(.read, path, error)
        }
        return try entries(text, of: path)
    }

    /// The lines of a journal's text; a last one that is cut short does not count.
    package static func entries(_ text: String, of path: String) throws -> [JournalEntry] {
        let whole = text.utf8.lastIndex(of: UInt8(ascii: "\n")) ?? text.startIndex
        return try entries(text[..<whole].split(separator: "\n"), path)
    }

    private static func entries(of file: JournalFile) throws -> [JournalEntry] {
        let (lines, hasRest) = try file.lines()
        // A journal's first line is never cut short: it comes as a whole, or not at all.
        if lines.isEmpty, hasRest { throw JournalDamage(path: file.path, line: 1) }
        return try entries(lines, file.path)
    }

    private static func entries(_ lines: [Substring], _ path: String) throws -> [JournalEntry] {
        let decoder = JSONDecoder()
        return try lines.enumerated().map { index, line in
            do {
                return try decoder.decode(JournalEntry.self, from: Data(line.utf8))
            } catch {
                throw JournalDamage(path: path, line: index + 1)
            }
        }
    }

    /// Ends what a run that was killed left behind, on this host.
    package func removeRemains() throws(KernelError) {
        if let owner = before.unfinished { try DeadPool.remove(owner) }
    }

    /// Begins the run: the journal has these records of earlier runs, and what follows.
    package func begin(keeping records: [(key: String, record: Record)], jobs: Int, cgroup: String?) throws(KernelError)
    {
        var entry = JournalEntry(.begun, at: civilNow(), run: run)
        entry.jobs = jobs
        entry.owner = DeadPool.owner(cgroup: cgroup)
        entry.machine = Host.description()
        let kept = records.map { key, record in
            var entry = Self.end(record, key: key, isLast: true, run: run - 1)
            entry.at = record.times.ended ?? entry.at
            return Self.line(entry)
        }
        file = try file.replaced(with: kept + [Self.line(entry)])
    }

    /// Called, on another thread, when the journal cannot be written, and with nil when it can be again.
    package var onTrouble: @Sendable (KernelError?) -> Void {
        get { file.onTrouble }
        set { file.onTrouble = newValue }
    }

    /// Writes that an attempt is about to start, then calls `then` on the pool's thread with the job's key: the one that it
    /// has from an earlier attempt, or else that of its content now.
    func willStart(_ id: AttemptID, _ job: Job, key known: String?, then: @escaping (String) -> Void) {
        starting[id] = then
        let (run, keys, at, post) = (run, keys, civilNow(), post)
        let key = Later<String>()
        file.append {
            let text = known ?? keys.key(of: job)
            key.value = text
            var entry = JournalEntry(.start, at: at, run: run)
            (entry.id, entry.name, entry.attempt, entry.key) = (id.job, job.name, id.number, text)
            return Self.line(entry)
        } written: {
            let text = key.value ?? ""
            post { self.starting.removeValue(forKey: id)?(text) }
        }
    }

    /// Writes what became of an attempt.
    func ended(_ record: Record, of job: Job, isLast: Bool) {
        let (run, keys) = (run, keys)
        file.append {
            // Of what was not run to its end nobody asks for the key.
            let key = record.key ?? (record.isResult ? keys.key(of: job) : nil)
            return Self.line(Self.end(record, key: key, isLast: isLast, run: run))
        }
    }

    /// Writes that the run is over, and waits until everything is written.
    package func finish() throws(KernelError) {
        let entry = JournalEntry(.finished, at: civilNow(), run: run)
        file.append { Self.line(entry) }
        try file.finish()
    }

    private static func end(_ record: Record, key: String?, isLast: Bool, run: Int) -> JournalEntry {
        var entry = JournalEntry(.end, at: civilNow(), run: run)
        (entry.key, entry.record, entry.isLast) = (key, record, isLast)
        return entry
    }

    private static func line(_ entry: JournalEntry) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Cannot fail: texts, numbers and lists of them.
        return (try? encoder.encode(entry)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// What one step on the writing thread leaves for the next.
    private final class Later<Value>: @unchecked Sendable {
        var value: Value?
    }
}

/// A file that is to be a journal and is none.
package struct JournalDamage: Error, CustomStringConvertible {
    package var path: String
    package var line: Int

    package var description: String {
        "\(path):\(line): this is no line of a journal; name another file, or correct or remove the line"
    }
}
