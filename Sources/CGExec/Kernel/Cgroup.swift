import CLinux
import Glibc
import SystemPackage

/// An open cgroup directory; every file is reached from its descriptor, so a rename above changes nothing.
struct Cgroup: ~Copyable {
    /// The absolute path, for messages and for the keeper.
    let path: String
    let directory: Descriptor

    private init(path: String, directory: consuming Descriptor) {
        self.path = path
        self.directory = directory
    }

    /// Opens an existing cgroup.
    static func open(_ path: String) throws(KernelError) -> Cgroup {
        do throws(Errno) {
            return Cgroup(path: path, directory: try .open(path, O_RDONLY | O_DIRECTORY))
        } catch {
            throw KernelError(.open, path, error)
        }
    }

    /// Refuses a folder that is no cgroup of version 2: what is made there would limit nothing.
    func checkFileSystem(mount: CgroupMount) throws(KernelError) {
        var facts = statfs()
        guard fstatfs(directory.raw, &facts) == 0, facts.f_type != Int(cgx_cgroup2_magic) else { return }
        let what = facts.f_type == Int(cgx_cgroup1_magic) ? "It is a cgroup of version 1" : "It is no cgroup"
        throw KernelError(
            .open, path, .invalidArgument, cure: "\(what): name one of version 2, which is mounted at \(mount.path)")
    }

    /// Makes a new child cgroup; one that exists already is an error, since counters never start anew.
    func makeChild(_ name: String) throws(KernelError) -> Cgroup {
        let child = path + "/" + name
        do throws(Errno) {
            try systemCall { mkdirat(directory.raw, name, 0o755) }
            return Cgroup(path: child, directory: try .open(name, in: directory.raw, O_RDONLY | O_DIRECTORY))
        } catch {
            throw KernelError(.makeDirectory, child, error)
        }
    }

    /// Removes a child that has no processes; its own children go first, deepest first.
    func removeChild(_ name: String) throws(Errno) {
        if try Self.remove(name, in: directory.raw) { return }
        // EBUSY also stands for "has children": a job that was allowed to divide its leaf left some.
        try Self.removeBelow(try .open(name, in: directory.raw, O_RDONLY | O_DIRECTORY))
        try systemCall { unlinkat(directory.raw, name, AT_REMOVEDIR) }
    }

    /// As deep as their maker liked: walked with one descriptor and no recursion.
    private static func removeBelow(_ top: consuming Descriptor) throws(Errno) {
        var place = top
        var depth = 0
        while true {
            let names = try children(of: place.raw)
            var busy: String?
            for name in names where busy == nil {
                if try !remove(name, in: place.raw) { busy = name }
            }
            if let busy {
                place = try .open(busy, in: place.raw, O_RDONLY | O_DIRECTORY)
                depth += 1
                if try children(of: place.raw).isEmpty { throw .resourceBusy }  // for its processes
            } else {
                if depth == 0 { return }
                place = try .open("..", in: place.raw, O_RDONLY | O_DIRECTORY)
                depth -= 1
            }
        }
    }

    /// Removes an empty cgroup; false when it is busy.
    private static func remove(_ name: String, in directory: Int32) throws(Errno) -> Bool {
        do throws(Errno) {
            try systemCall { unlinkat(directory, name, AT_REMOVEDIR) }
            return true
        } catch .resourceBusy {
            return false
        }
    }

    /// The names of the cgroups in it; none where it is gone.
    var children: [String] { (try? Self.children(of: directory.raw)) ?? [] }

    /// The names of the child cgroups.
    private static func children(of directory: Int32) throws(Errno) -> [String] {
        let copy = try Descriptor.open(".", in: directory, O_RDONLY | O_DIRECTORY)
        let handle = copy.release()
        guard let stream = fdopendir(handle) else {
            close(handle)
            throw Errno(rawValue: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// The text of a file; nil when the kernel does not have it, or the cgroup is gone (ENODEV).
    func read(_ file: String) throws(KernelError) -> String? {
        do throws(Errno) {
            return try Descriptor.open(file, in: directory.raw, O_RDONLY).readControl()
        } catch .noSuchFileOrDirectory, .operationNotSupportedByDevice, .notSupported {
            return nil
        } catch {
            throw KernelError(.read, path + "/" + file, error)
        }
    }

    /// The text of a file for accounting: nil whenever it cannot be had, for whatever reason.
    func readIfPossible(_ file: String) -> String? {
        (try? read(file)) ?? nil
    }

    /// Writes a control file.
    func write(_ value: String, to file: String) throws(KernelError) {
        do throws(Errno) {
            try Descriptor.open(file, in: directory.raw, O_WRONLY).write(value)
        } catch {
            throw KernelError(.write, path + "/" + file, error, value: value)
        }
    }

    /// Whether the kernel has this file here.
    func has(_ file: String) -> Bool {
        faccessat(directory.raw, file, F_OK, 0) == 0
    }

    /// Ends every process below, fork-safely. Returns before they are gone: wait for `populated 0`.
    func kill() throws(KernelError) { try write("1", to: "cgroup.kill") }

    /// Whether a live process is below; nil when the cgroup is gone.
    func isPopulated() throws(KernelError) -> Bool? {
        guard let text = try read("cgroup.events") else { return nil }
        return FlatKeyed(text)["populated"].map { $0 != 0 }
    }

    /// The controllers that could be enabled for children.
    func controllers() throws(KernelError) -> Set<String> {
        Set((try read("cgroup.controllers") ?? "").split(whereSeparator: \.isWhitespace).map(String.init))
    }
}
