import CLinux
import Glibc

/// Where cgroup v2 is mounted, and where this process stands in it.
struct CgroupMount: Sendable, Equatable {
    /// The mount point.
    var path: String
    /// The part of the hierarchy that is mounted there: `/`, except with some container engines.
    var root: String
    var isReadOnly: Bool

    /// Finds the mount in the text of `/proc/self/mountinfo` (proc(5)); never assumed to be `/sys/fs/cgroup`, since
    /// hybrid hosts have it elsewhere. The first mount point counts, not one made later for a chroot; of several mounts
    /// on it the last, which hides the others.
    static func parse(mountinfo: String) -> CgroupMount? {
        var found: CgroupMount?
        // By bytes, since `exec` pays for it: as characters this is the dearest thing that it does before it starts.
        for bytes in mountinfo.utf8.split(separator: UInt8(ascii: "\n")) {
            // Optional fields come between the sixth and a lone "-"; what follows is type, source, options.
            let fields = bytes.split(separator: UInt8(ascii: " ")).map(Substring.init)
            guard fields.count > 6, let end = fields[6...].firstIndex(of: "-"), fields.count > end + 1,
                fields[end + 1] == "cgroup2"
            else { continue }
            let options = fields[5].split(separator: ",") + (fields.last?.split(separator: ",") ?? [])
            let mount = CgroupMount(
                path: unescape(fields[4]), root: unescape(fields[3]), isReadOnly: options.contains("ro"))
            if found == nil || found?.path == mount.path { found = mount }
        }
        return found
    }

    /// The path of our own cgroup below the mount point, from the text of `/proc/self/cgroup`. Nil when it is not
    /// reachable there: outside the cgroup namespace it shows as `/../..`.
    func ownCgroup(procCgroup: String) -> String? {
        guard let line = procCgroup.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else { return nil }
        let place = String(line.dropFirst(3))
        guard !place.split(separator: "/").contains("..") else { return nil }
        if root == "/" { return place == "/" ? path : path + place }
        guard place == root || place.hasPrefix(root + "/") else { return nil }
        return path + place.dropFirst(root.count)
    }

    /// The host's mount; the file system's own magic number is the proof that it is version 2.
    static func find() throws(HostUnfit) -> CgroupMount {
        guard let text = readFile("/proc/self/mountinfo"), let mount = parse(mountinfo: text) else {
            throw HostUnfit(
                "limits", cause: "no cgroup v2 is mounted",
                cure: "Boot with systemd.unified_cgroup_hierarchy=1, or: mount -t cgroup2 none /sys/fs/cgroup")
        }
        var facts = statfs()
        guard statfs(mount.path, &facts) == 0, UInt64(bitPattern: Int64(facts.f_type)) == UInt64(cgx_cgroup2_magic)
        else {
            throw HostUnfit(
                "limits", cause: "\(mount.path) is hidden by another mount",
                cure: "Unmount what covers it: findmnt \(mount.path)")
        }
        return mount
    }

    /// mountinfo writes space, tab, newline and backslash as three octal digits.
    private static func unescape(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The text of a small file outside the cgroup tree; nil when it cannot be read.
func readFile(_ path: String) -> String? {
    guard let file = try? Descriptor.open(path, O_RDONLY) else { return nil }
    return try? file.readAll()
}
