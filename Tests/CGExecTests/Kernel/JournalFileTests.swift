import Glibc
import Support
import SystemPackage
import Testing

@testable import CGExec

/// The file that tells the truth whenever its writer dies.
@Suite struct JournalFileTests {
    private let scratch: ScratchDirectory
    private let path: String

    init() throws {
        scratch = try ScratchDirectory()
        path = scratch.file("journal")
    }

    @Test(arguments: [false, true]) func `lines are appended in their order`(syncs: Bool) throws {
        let file = try JournalFile(path, syncs: syncs)
        for number in 0..<1_000 { file.append { "line \(number)" } }
        try file.finish()
        #expect(contents(of: path) == (0..<1_000).map { "line \($0)\n" }.joined())
        #expect(try file.lines().whole.count == 1_000)
    }

    @Test func `only one writes at a time`() throws {
        let first = try JournalFile(path, syncs: false)
        let error = #expect(throws: KernelError.self) { try JournalFile(path, syncs: false) }
        #expect("\(try #require(error))".contains("Another run writes to it"))
        withExtendedLifetime(first) {}
    }

    @Test func `the lock goes with the journal that takes its place`() throws {
        try scratch.write("a\nb\n", to: "journal")
        let old = try JournalFile(path, syncs: false)
        let new = try old.replaced(with: ["c"])
        #expect(throws: KernelError.self) { try JournalFile(path, syncs: false) }
        new.append { "d" }
        try new.finish()
        #expect(contents(of: path) == "c\nd\n" && contents(of: path + ".1") == "a\nb\n")
        #expect(scratch.names == ["journal", "journal.1"])
    }

    @Test(arguments: ["", "whole\n"])
    func `what a killed writer did not finish is no line, and stays until it is replaced`(whole: String) throws {
        let text = whole + #"{"event":"st"#
        try scratch.write(text, to: "journal", mode: 0o600)
        let file = try JournalFile(path, syncs: false)
        let (lines, hasRest) = try file.lines()
        #expect(lines == (whole.isEmpty ? [] : ["whole"]) && hasRest)
        #expect(contents(of: path) == text)
        _ = try file.replaced(with: ["next"])
        #expect(contents(of: path) == "next\n" && contents(of: path + ".1") == text)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func `a link to a journal stays one`() throws {
        try scratch.write("a\n", to: "real")
        try #require(symlink("real", path) == 0)
        _ = try JournalFile(path, syncs: false).replaced(with: ["b"])
        #expect(contents(of: scratch.file("real")) == "b\n")
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    }

    @Test func `a journal is a regular file`() throws {
        let error = #expect(throws: KernelError.self) { try JournalFile("/dev/null", syncs: false) }
        #expect("\(try #require(error))".contains("regular file"))
        #expect(throws: KernelError.self) { try JournalFile(scratch.file("no/folder"), syncs: false) }
    }

    /// A limit of the file's size stands for a full disk: a part of a line is taken, and then nothing.
    @Test func `what a full disk does not take is kept, and written when there is room`() async throws {
        await #expect(processExitsWith: .success) { [path = path as String] in
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let most = limit.rlim_max
            limit.rlim_cur = 25
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let file = try JournalFile(path, syncs: false)
            let told = Told()
            file.onTrouble = { told.add($0 == nil ? "well" : "full") }
            for number in 0..<5 { file.append({ "line number \(number)" }, written: { told.add("\(number)") }) }
            told.wait(for: "4")
            try #require(contents(of: path) == "line number 0\nline number")
            let failure = #expect(throws: KernelError.self) { try file.finish(patience: .milliseconds(1)) }
            try #require(failure?.errno == EFBIG)
            limit.rlim_cur = most
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            file.append { "last" }
            try file.finish()
            try #require(contents(of: path) == (0..<5).map { "line number \($0)\n" }.joined() + "last\n")
            try #require(told.all.filter { Int($0) == nil } == ["full", "well"])
        }
    }

    private final class Told: @unchecked Sendable {
        private let monitor = Monitor()
        private var texts: [String] = []
        func add(_ text: String) {
            monitor.withLock {
                texts.append(text)
                monitor.broadcast()
            }
        }
        func wait(for text: String) { monitor.withLock { while !texts.contains(text) { monitor.wait() } } }
        var all: [String] { monitor.withLock { texts } }
    }
}
