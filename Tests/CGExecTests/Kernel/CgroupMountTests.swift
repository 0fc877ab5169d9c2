import Testing

@testable import CGExec

/// Where cgroup v2 is mounted, and where this process stands in it.
struct CgroupMountTests {
    private static let unified =
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"

    @Test func `a unified host`() {
        #expect(
            CgroupMount.parse(mountinfo: Self.unified)
                == CgroupMount(path: "/sys/fs/cgroup", root: "/", isReadOnly: false))
    }

    @Test func `a hybrid host has it elsewhere`() {
        let text = """
            31 30 0:27 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
            32 31 0:28 / /sys/fs/cgroup/unified rw,relatime shared:10 - cgroup2 cgroup2 rw
            33 31 0:29 / /sys/fs/cgroup/memory rw,relatime shared:11 - cgroup cgroup rw,memory
            """
        #expect(CgroupMount.parse(mountinfo: text)?.path == "/sys/fs/cgroup/unified")
    }

    @Test func `no cgroup v2`() {
        #expect(
            CgroupMount.parse(mountinfo: "33 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n") == nil)
        #expect(CgroupMount.parse(mountinfo: "") == nil)
    }

    @Test func `the first mount point counts, and on it the last mount`() throws {
        let first = try #require(CgroupMount.parse(mountinfo: Self.unified))
        let elsewhere = Self.unified + "99 23 0:26 / /mnt/cgroup rw - cgroup2 none rw\n"
        #expect(CgroupMount.parse(mountinfo: elsewhere) == first)
        let covered = elsewhere + "100 23 0:26 / \(first.path) ro - cgroup2 none rw\n"
        #expect(CgroupMount.parse(mountinfo: covered)?.path == first.path)
        #expect(CgroupMount.parse(mountinfo: covered)?.isReadOnly == true)
    }

    @Test(arguments: [
        ("ro,nosuid", "rw", true), ("rw,nosuid", "ro,nsdelegate", true), ("rw,nosuid", "rw,nsdelegate", false),
        ("rw,relatime,errors=ro-later", "rw", false),
    ])
    func `read-only by mount or by file system`(mount: String, superblock: String, isReadOnly: Bool) {
        let text = "30 23 0:26 / /sys/fs/cgroup \(mount) shared:4 - cgroup2 cgroup2 \(superblock)\n"
        #expect(CgroupMount.parse(mountinfo: text)?.isReadOnly == isReadOnly)
    }

    @Test func `spaces and backslashes in paths`() {
        let text = #"30 23 0:26 /a\040b /mnt/c\011d\134e\ rw,relatime - cgroup2 cgroup2 rw"#
        let mount = CgroupMount.parse(mountinfo: text)
        #expect(mount?.path == "/mnt/c\td\\e\\")
        #expect(mount?.root == "/a b")
    }

    @Test func `optional fields of any number`() {
        for fields in ["", "shared:1 ", "shared:1 master:2 propagate_from:3 "] {
            let text = "30 23 0:26 / /sys/fs/cgroup rw,relatime \(fields)- cgroup2 cgroup2 rw\n"
            #expect(CgroupMount.parse(mountinfo: text)?.path == "/sys/fs/cgroup", "\(fields)")
        }
    }

    @Test(arguments: [
        "x - cgroup2 y z", "1 2 3 - cgroup2 c rw", " - cgroup2 ", "30 23 0:26 / /sys - cgroup2 cgroup2 rw",
    ])
    func `lines that are cut short`(line: String) { #expect(CgroupMount.parse(mountinfo: line) == nil) }

    @Test(arguments: [
        ("0::/\n", "/m"), ("0::/user.slice/x.scope\n", "/m/user.slice/x.scope"),
        ("9:name=systemd:/a\n8:pids:/\n0::/b\n", "/m/b"), ("0::/with space\n", "/m/with space"),
    ])
    func `our own cgroup`(text: String, path: String) {
        #expect(CgroupMount(path: "/m", root: "/", isReadOnly: false).ownCgroup(procCgroup: text) == path)
    }

    @Test(arguments: ["", "8:pids:/x\n", "0::/../..\n", "0::/..\n", "0::/a/../b\n", "0::relative\n"])
    func `no cgroup of ours to be reached`(text: String) {
        #expect(CgroupMount(path: "/m", root: "/", isReadOnly: false).ownCgroup(procCgroup: text) == nil)
    }

    @Test func `a name that only begins with dots is a name`() {
        let mount = CgroupMount(path: "/m", root: "/", isReadOnly: false)
        #expect(mount.ownCgroup(procCgroup: "0::/..a/b..\n") == "/m/..a/b..")
    }

    @Test func `only a part of the hierarchy is mounted`() {
        let mount = CgroupMount(path: "/m", root: "/engine/box", isReadOnly: false)
        #expect(mount.ownCgroup(procCgroup: "0::/engine/box\n") == "/m")
        #expect(mount.ownCgroup(procCgroup: "0::/engine/box/in\n") == "/m/in")
        #expect(mount.ownCgroup(procCgroup: "0::/engine/boxes\n") == nil)
        #expect(mount.ownCgroup(procCgroup: "0::/\n") == nil)
    }
}
