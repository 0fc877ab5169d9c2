import Glibc

/// Fills page cache through a file on disk.
enum PageCache {
    static let command = Command(
        name: "cache",
        synopsis: "FILE SIZE [--hold TIME] [--leave]",
        summary: """
            Write a new FILE of SIZE, sync it, read it back; report how much of it the page cache keeps; hold; remove it
            (not with --leave).
            """,
        run: run
    )

    private static func run(_ arguments: inout Arguments) throws(Failure) -> Int32 {
        let hold = try arguments.time(option: "--hold") ?? 0
        let leave = arguments.flag("--leave")
        let path = try arguments.operand("FILE")
        let bytes = try arguments.size(operand: "SIZE")
        try arguments.finish()

        let file = try FileFill.create(path)
        defer { if !leave { unlink(path) } }
        let (written, error) = try FileFill.write(bytes, to: file)
        guard fdatasync(file) == 0 else { throw .system("fdatasync", path) }
        try Output.report(
            .object(
                [
                    ("file", .string(path)), ("writtenBytes", .int(written)),
                    ("readBytes", .int(try readBack(file, path))),
                    ("residentBytes", .int(try resident(file, written, path))),
                ] + JSON.failure(error)))
        Clock.sleep(for: hold)
        return error == nil ? 0 : 1
    }

    private static func readBack(_ file: Int32, _ path: String) throws(Failure) -> Int {
        let buffer = try Mapping.make(bytes: 64 << 10)
        defer { munmap(buffer.baseAddress, buffer.count) }
        var bytes = 0
        while true {
            let count = pread(file, buffer.baseAddress, buffer.count, bytes)
            if count == 0 { return bytes }
            if count > 0 { bytes += count } else if errno != EINTR { throw .system("read", path) }
        }
    }

    private static func resident(_ file: Int32, _ bytes: Int, _ path: String) throws(Failure) -> Int {
        guard bytes > 0 else { return 0 }
        let start = mmap(nil, bytes, PROT_READ, MAP_SHARED, file, 0)
        guard let start, start != MAP_FAILED else { throw .system("mmap", path) }
        defer { munmap(start, bytes) }
        var pages = [UInt8](repeating: 0, count: (bytes + Mapping.pageSize - 1) / Mapping.pageSize)
        guard mincore(start, bytes, &pages) == 0 else { throw .system("mincore", path) }
        return pages.lazy.filter { $0 & 1 == 1 }.count * Mapping.pageSize
    }
}
