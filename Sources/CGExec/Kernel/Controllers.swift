import Glibc
import SystemPackage

/// Enabling controllers for the children of a cgroup, and saying why one is missing.
enum Controllers {
    /// What limits and accounting need, in the kernel's words. The domain controllers come first: where processes are
    /// in the way they are refused, while the others would be enabled and make the cgroup a threaded one.
    static let wanted = ["memory", "io", "cpuset", "cpu", "pids"]

    /// Enables whatever of `wanted` can be had for the children of `cgroup`, and gives what is enabled then.
    ///
    /// One at a time: one that is missing would make a common write fail for all.
    static func enable(_ wanted: [String] = wanted, in cgroup: borrowing Cgroup) throws(KernelError) -> Set<String> {
        let available = try cgroup.controllers()
        var enabled = try self.enabled(in: cgroup)
        for controller in wanted where available.contains(controller) && !enabled.contains(controller) {
            do throws(KernelError) {
                try enableOne(controller, in: cgroup)
            } catch {
                // Such as "cpu" while real-time processes run: what was not asked for is not required, so it only counts
                // as missing.
                guard error.errno == EINVAL else { throw error }
            }
        }
        enabled = try self.enabled(in: cgroup)
        return enabled
    }

    /// The controllers that the children of `cgroup` have.
    static func enabled(in cgroup: borrowing Cgroup) throws(KernelError) -> Set<String> {
        Set((try cgroup.read("cgroup.subtree_control") ?? "").split(whereSeparator: \.isWhitespace).map(String.init))
    }

    private static func enableOne(_ controller: String, in cgroup: borrowing Cgroup) throws(KernelError) {
        // Right after a process was moved away the kernel may still call the cgroup busy for some milliseconds.
        for _ in 0..<100 {
            do throws(KernelError) {
                return try cgroup.write("+" + controller, to: "cgroup.subtree_control")
            } catch {
                guard error.errno == EBUSY else { throw error }
                usleep(1000)
            }
        }
        try cgroup.write("+" + controller, to: "cgroup.subtree_control")
    }

    /// Why `controller` is not there for the children of `base`, and what to do.
    static func missing(_ controller: String, below base: String, mount: CgroupMount) -> HostUnfit.Reason {
        func reason(_ cause: String, _ cure: String) -> HostUnfit.Reason {
            HostUnfit.Reason(what: controller, cause: cause, cure: cure)
        }
        // /proc/cgroups: name, hierarchy (0 is v2), number of cgroups, enabled
        let rows = (readFile("/proc/cgroups") ?? "").split(separator: "\n").map { $0.split(separator: "\t") }
        let v1Name = controller == "io" ? "blkio" : controller
        if let row = rows.first(where: { $0.first == Substring(v1Name) }), row.count == 4 {
            if row[1] != "0" {
                return reason(
                    "the \(controller) controller is bound to a cgroup v1 hierarchy",
                    "Boot with systemd.unified_cgroup_hierarchy=1 (or cgroup_no_v1=all), or use a virtual machine")
            }
            if row[3] == "0" {
                return reason(
                    "the \(controller) controller is switched off", "Boot with cgroup_enable=\(v1Name)")
            }
        }
        // Every ancestor must pass it on: name the first that does not.
        var path = mount.path
        for component in base.dropFirst(mount.path.count).split(separator: "/") {
            let passed = readFile(path + "/cgroup.subtree_control")?.split(whereSeparator: \.isWhitespace) ?? []
            if !passed.contains(Substring(controller)) {
                return reason(
                    "\(path) does not pass the \(controller) controller on to \(component)",
                    base.contains("/user.slice/")
                        ? "As root: systemctl edit user@.service, add '[Service]' and 'Delegate=cpu cpuset io memory pids',"
                            + " then log in again"
                        : "Delegate it: systemd-run --scope -p Delegate=yes …, or as root: echo +\(controller) > \(path)/cgroup.subtree_control"
                )
            }
            path += "/" + component
        }
        if access(mount.path + "/cgroup.type", F_OK) == 0 {  // not the true root, which has no type
            return reason(
                "this container was given no \(controller) controller",
                "Let the engine pass it on: the cgroups above the container need it in cgroup.subtree_control")
        }
        return reason(
            "the kernel has no \(controller) controller for \(base)",
            "Use a kernel that is built with it; 'cgexec-pool doctor' lists what this one has")
    }
}
