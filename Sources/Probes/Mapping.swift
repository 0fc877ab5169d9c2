import Glibc

/// Anonymous memory straight from the kernel, so that no allocator's habits stand between the probe and the count.
enum Mapping {
    static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))

    /// The bytes rounded up to pages; the kernel gives nothing smaller.
    static func make(bytes: Int, shared: Bool = false) throws(Failure) -> UnsafeMutableRawBufferPointer {
        guard bytes > 0 else { return UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        let (sum, overflow) = bytes.addingReportingOverflow(pageSize - 1)
        guard !overflow else { throw .system(operation: "mmap", object: "\(bytes) bytes", errno: ENOMEM) }
        let length = sum / pageSize * pageSize
        // No reservation: the limit under test must be what stops us, not the host's overcommit heuristic.
        let flags = MAP_ANONYMOUS | MAP_NORESERVE | (shared ? MAP_SHARED : MAP_PRIVATE)
        let start = mmap(nil, length, PROT_READ | PROT_WRITE, flags, -1, 0)
        guard let start, start != MAP_FAILED else { throw .system("mmap", "\(length) bytes") }
        // A page touched must be a page charged: transparent huge pages would charge 2 MiB for the first byte.
        madvise(start, length, MADV_NOHUGEPAGE)
        return UnsafeMutableRawBufferPointer(start: start, count: length)
    }
}
