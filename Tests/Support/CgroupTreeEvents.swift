import Glibc

extension CgroupTree {
    /// Waits until there is no cgroup below.
    package static func waitUntilChildless(_ cgroup: String) throws {
        let watch = inotify_init1(Int32(IN_CLOEXEC))
        guard watch >= 0 else { throw Trouble.system("inotify_init1") }
        defer { close(watch) }
        guard inotify_add_watch(watch, cgroup, UInt32(IN_DELETE)) >= 0 else {
            throw Trouble.system("inotify_add_watch")
        }
        let deadline = Patience.Deadline()
        while case let children = children(of: cgroup), !children.isEmpty {
            var ready = pollfd(fd: watch, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, deadline.milliseconds) != 0 else {
                throw Trouble("\(cgroup) still has \(children), with the processes \(processes(below: cgroup))")
            }
            var events = [UInt8](repeating: 0, count: 4096)
            _ = read(watch, &events, events.count)
        }
    }
}
