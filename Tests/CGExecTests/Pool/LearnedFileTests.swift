import Glibc
import Support
import Testing

@testable import CGExec

@Suite struct LearnedFileTests {
    private let scratch: ScratchDirectory
    private let path: String

    init() throws {
        scratch = try ScratchDirectory()
        path = scratch.file("needs.json")
    }

    private static let program = ProgramVersion(path: "/usr/bin/xz", digest: "0123456789abcdef")

    private static func sample(_ category: String = "c") -> MemoryModel.Sample {
        .init(category: category, program: program, bytes: 1 << 30)
    }

    private func learn(_ samples: Int = 1, category: String = "c") throws {
        let samples = Array(repeating: Self.sample(category), count: samples)
        try LearnedFile(path).update { $0.learn(samples, on: "a", at: civilNow()) }
    }

    private func error(_ body: () throws -> Void) -> LearnedFileError? {
        do {
            try body()
            return nil
        } catch {
            return error as? LearnedFileError
        }
    }

    @Test func `a file that is missing or empty knows nothing, and the first who learns makes it`() throws {
        #expect(try LearnedFile(path).read() == LearnedNeeds())
        #expect(!exists(path))
        try scratch.write("", to: "needs.json")
        #expect(try LearnedFile(path).read() == LearnedNeeds())
        try learn(3)
        #expect(try LearnedFile(path).read().entries.map(\.samples) == [3])
        #expect(entries(of: scratch.path) == ["needs.json", "needs.json.lock"])
    }

    @Test(arguments: [
        ("{", "it is not JSON of this form"), ("[]", "it is not JSON of this form"),
        ("hello", "it is not JSON of this form"),
        (#"{"entries":[]}"#, "the key version is missing"),
        (#"{"version":1}"#, "the key entries is missing"),
        (#"{"version":1,"entries":[{"category":"c"}]}"#, ".program is missing"),
    ])
    func `a damaged file is refused, and left as it is`(_ text: String, _ message: String) throws {
        try scratch.write(text, to: "needs.json")
        for error in [error { _ = try LearnedFile(path).read() }, error { try learn() }] {
            guard case .damaged(let what) = error?.cause else { throw Trouble("\(String(describing: error))") }
            #expect(what.contains(message))
            #expect(error?.description.contains("move this one away") == true)
        }
        #expect(contents(of: path) == text)
    }

    @Test func `a file of another version is refused, whatever is in it`() throws {
        let text = #"{"version":7,"needs":"in another form"}"#
        try scratch.write(text, to: "needs.json")
        #expect(error { try learn() }?.cause == .version(7))
        #expect(contents(of: path) == text)
    }

    @Test func `what is no file is refused, and stays`() throws {
        #expect(error { _ = try LearnedFile("/dev/null").read() }?.cause == .irregular)
        #expect(error { _ = try LearnedFile(scratch.path).read() }?.cause == .irregular)
        try #require(mkfifo(path, 0o600) == 0)
        #expect(error { _ = try LearnedFile(path).read() }?.cause == .irregular)
        #expect(error { try learn() }?.cause == .irregular)
    }

    @Test func `a place that cannot be written is found out before anything is learned`() throws {
        #expect(error { try LearnedFile("/nonexistent/needs").checkWritable() }?.cause == .unwritable(errno: ENOENT))
        #expect(error { try LearnedFile("/proc/needs").checkWritable() } != nil)
        // There is room for the name of its lock, and not for that of a draft.
        let long = LearnedFile(scratch.file(String(repeating: "n", count: 250)))
        #expect(error { try long.checkWritable() }?.cause == .unwritable(errno: ENAMETOOLONG))
        scratch.empty()
        try LearnedFile(path).checkWritable()
        #expect(entries(of: scratch.path) == ["needs.json.lock"])
    }

    @Test func `a link stays one, and who may read the file stays the same`() throws {
        try scratch.write("", to: "real.json", mode: 0o640)
        try #require(symlink("real.json", path) == 0)
        try learn()
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(stat(scratch.file("real.json"), &status) == 0 && status.st_mode & 0o777 == 0o640)
        #expect(try LearnedFile(path).read().entries.count == 1)
    }

    @Test func `a link to what is not there yet stays one, too`() throws {
        try #require(mkdir(scratch.file("real"), 0o755) == 0)
        try #require(symlink("real/needs.json", path) == 0)
        try learn()
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(entries(of: scratch.file("real")) == ["needs.json", "needs.json.lock"])
        #expect(LearnedFile(scratch.file("real/../real/needs.json")).path == scratch.file("real/needs.json"))
    }

    @Test func `a relative path stands for the file that it meant at the beginning`() throws {
        let here = try #require(getcwd(nil, 0))
        defer { free(here) }
        #expect(LearnedFile("needs.json").path == String(cString: here) + "/needs.json")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can make a file of another user's"))
    func `whose it is stays the same`() throws {
        try scratch.write("", to: "needs.json", mode: 0o640)
        try #require(chown(path, 65534, 65534) == 0)
        try learn()
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_uid == 65534 && status.st_gid == 65534)
        #expect(status.st_mode & 0o777 == 0o640 && status.st_size > 0)
    }

    // MARK: What others may have put beside it

    @Test func `what a killed writer left does not matter, and what somebody has put there is not written over`() throws
    {
        try scratch.write("victim", to: "victim")
        try #require(link(scratch.file("victim"), path + ".new") == 0)
        try learn()
        try learn()
        #expect(try LearnedFile(path).read().entries.map(\.samples) == [2])
        #expect(contents(of: scratch.file("victim")) == "victim")
        #expect(entries(of: scratch.path) == ["needs.json", "needs.json.lock", "needs.json.new", "victim"])
    }

    @Test func `a lock that is none is neither followed nor waited for`() throws {
        let lock = path + ".lock"
        try #require(symlink(scratch.file("victim"), lock) == 0)
        for error in [error { try learn() }, error { try LearnedFile(path).checkWritable() }] {
            #expect(error?.cause == .irregular && error?.path == lock)
        }
        #expect(!exists(scratch.file("victim")))
        try #require(unlink(lock) == 0 && mkfifo(lock, 0o600) == 0)
        #expect(error { try learn() }?.cause == .irregular)
    }

    /// As in `/tmp`, where the kernel refuses O_CREAT for what another user has (fs.protected_regular).
    @Test(.enabled(if: geteuid() == 0, "only root can make a file of another user's"))
    func `another user's lock is no obstacle`() throws {
        try scratch.write("", to: "needs.json.lock")
        try #require(chown(path + ".lock", 65534, 65534) == 0 && chmod(scratch.path, 0o1777) == 0)
        try learn()
        #expect(try LearnedFile(path).read().entries.map(\.samples) == [1])
    }

    @Test func `who keeps the lock is waited for only so long`() throws {
        try learn()
        var status = stat()
        #expect(stat(path + ".lock", &status) == 0 && status.st_mode & 0o777 == 0o600)
        let other = open(path + ".lock", O_RDWR | O_CLOEXEC)
        defer { close(other) }
        try #require(flock(other, LOCK_EX) == 0)
        let file = LearnedFile(path, patience: .milliseconds(50))
        let store = LearnedStore(file, host: "a")
        #expect(try store.open().entries.map(\.samples) == [1])
        store.append(Self.sample())
        for _ in 1...2 { #expect(error { try store.finish() }?.cause == .locked) }
        try #require(flock(other, LOCK_UN) == 0)
        try store.finish()
        #expect(try file.read().entries.map(\.samples) == [2])
    }

    @Test func `many writers at once lose nothing, and a reader never sees half of it`() async throws {
        // A slow disk makes no difference here.
        let file = LearnedFile(path, patience: .seconds(60))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for _ in 0..<20 {
                        try file.update { $0.learn([Self.sample("\(writer % 2)")], on: "a", at: civilNow()) }
                        _ = try LearnedFile(file.path).read()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try file.read().entries.map(\.samples) == [80, 80])
    }

    /// As a child of another thread does that hangs before its exec.
    @Test func `who still has the descriptor of the lock keeps nobody out`() throws {
        let lock = path + ".lock"
        var copies: [Int32] = []
        defer { for copy in copies { close(copy) } }
        try LearnedFile(path).update { _ in
            for entry in entries(of: "/proc/self/fd") where copies.isEmpty {
                var target = [CChar](repeating: 0, count: 4096)
                let count = readlink("/proc/self/fd/\(entry)", &target, target.count)
                guard count > 0, target[..<count].elementsEqual(lock.utf8.map { CChar(bitPattern: $0) }),
                    let number = Int32(entry)
                else { continue }
                copies.append(dup(number))
            }
        }
        try #require(copies.count == 1)
        let other = open(lock, O_RDWR | O_CLOEXEC)
        defer { close(other) }
        #expect(flock(other, LOCK_EX | LOCK_NB) == 0)
    }

    // MARK: A pool's way into it

    @Test func `a pool that learns much writes some of it while it runs`() async throws {
        let store = LearnedStore(LearnedFile(path), host: "a")
        #expect(try store.open() == LearnedNeeds())
        for _ in 0..<1500 { store.append(Self.sample()) }
        var written = 0
        let deadline = Patience.Deadline()
        while written == 0, deadline.milliseconds > 0 {
            written = try LearnedFile(path).read().entries.first?.samples ?? 0
        }
        #expect(written >= 1000)
        try store.finish()
        #expect(try LearnedFile(path).read().entries.map(\.samples) == [1500])
    }

    @Test func `what could not be written is written at the end, or told`() throws {
        let store = LearnedStore(LearnedFile(path), host: "a")
        _ = try store.open()
        try scratch.write("damaged meanwhile", to: "needs.json")
        for _ in 0..<3000 { store.append(Self.sample()) }
        let failure = error { try store.finish() }
        guard case .damaged = failure?.cause else { throw Trouble("\(String(describing: failure))") }
        try scratch.write("", to: "needs.json")
        try store.finish()
        #expect(try LearnedFile(path).read().entries.map(\.samples) == [3000])
    }
}
