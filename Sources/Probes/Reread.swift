import Glibc

/// Reads a file again and again: what a memory limit below its size makes slow, and never kills.
enum Reread {
    static let command = Command(
        name: "reread",
        synopsis: "FILE TIME",
        summary: """
            Drop FILE from the page cache as far as the kernel agrees; then read pages of it in random order for TIME;
            report.
            """,
        run: run
    )

    private static func run(_ arguments: inout Arguments) throws(Failure) -> Int32 {
        let path = try arguments.operand("FILE")
        let time = try arguments.time(operand: "TIME")
        try arguments.finish()

        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system("open", path) }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw .system("fstat", path) }
        guard facts.st_size > 0 else { throw .refused("\(path) is empty: there is nothing to read") }
        _ = posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
        // Through a mapping, as programs and their libraries are read: what is read again soon counts as needed.
        let size = Int(facts.st_size)
        let start = mmap(nil, size, PROT_READ, MAP_SHARED, file, 0)
        guard let start, start != MAP_FAILED else { throw .system("mmap", path) }
        let bytes = UnsafeRawBufferPointer(start: start, count: size)
        let pages = UInt64((size + Mapping.pageSize - 1) / Mapping.pageSize)
        var noise = Noise(seed: UInt64(getpid()) << 1)
        let end = Clock.now() + time
        var reads = 0
        var sum: UInt8 = 0
        while Clock.now() < end {
            sum &+= bytes[Int(noise.next() % pages) * Mapping.pageSize]
            reads += 1
        }
        try Output.report(.object([("file", .string(path)), ("readPages", .int(reads)), ("sum", .int(Int(sum)))]))
        return 0
    }
}
