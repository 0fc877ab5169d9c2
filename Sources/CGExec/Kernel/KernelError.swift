import SystemPackage

/// A system operation that failed: what was done, to what, why, and what helps.
public struct KernelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried.
    public enum Operation: String, Sendable {
        /// Opening a file.
        case open
        /// Reading a file.
        case read
        /// Writing a control file.
        case write
        /// Making a cgroup.
        case makeDirectory = "make"
        /// Removing a cgroup.
        case remove
        /// Reading a limit back.
        case verify
        /// Watching a file for events.
        case watch
        /// Starting a process.
        case start
        /// Moving a process into a cgroup.
        case move
        /// Connecting two descriptors.
        case connect
    }

    /// What was tried.
    public var operation: Operation
    /// The file, cgroup or program.
    public var object: String
    /// The system's error number.
    public var errno: Int32
    /// The value that was written or expected, where there was one.
    public var value: String?
    /// What the failure means here and what to do about it.
    public var cure: String?

    init(_ operation: Operation, _ object: String, _ errno: Errno, value: String? = nil, cure: String? = nil) {
        self.operation = operation
        self.object = object
        self.errno = errno.rawValue
        self.value = value
        self.cure = cure ?? Self.usualCure(operation, object, errno)
    }

    /// The value as a text for people.
    public var description: String { failure + (cure.map { ". \($0)" } ?? "") }

    /// The same without the cure.
    var failure: String {
        let what = value.map { " '\($0)' to" } ?? ""
        return "cannot \(operation.rawValue)\(what) \(object): \(Errno(rawValue: errno))"
    }

    private static func usualCure(_ operation: Operation, _ object: String, _ errno: Errno) -> String? {
        switch (operation, errno) {
        case (_, .readOnlyFileSystem):
            "The cgroup file system is mounted read-only, as in most containers: start the container with a writable one"
                + " (podman: --cgroups=enabled; docker: --cgroupns=private with a rw mount), or run on the host"
        case (.makeDirectory, .resourceTemporarilyUnavailable):
            "A cgroup.max.descendants or cgroup.max.depth above forbids another cgroup: raise it"
        case (.start, .permissionDenied):
            // cgroup-v2.rst, "Delegation Containment"
            "Entering a cgroup needs write access to cgroup.procs of the closest one above both it and ours: have root"
                + " move your shell into what was delegated (echo PID > CGROUP/cgroup.procs), and leave out --cgroup"
        case (_, .permissionDenied), (_, .notPermitted):
            object.hasPrefix("/sys/fs/cgroup")
                ? "This cgroup is not delegated to you: run under 'systemd-run --user --scope -p Delegate=yes', or as root"
                : nil
        case (.write, .resourceBusy):
            "Processes are in the way ('no internal processes'): a cgroup cannot have both processes and controllers"
                + " enabled for its children"
        case (.start, .resourceBusy):
            "The leaf has controllers enabled for children, so no process may start in it"
        case (_, .notSupportedOnSocket), (_, .notSupported):
            "The cgroup is threaded or below a threaded one, where memory and io cannot be limited: choose another with --cgroup"
        case (_, .noSuchFileOrDirectory) where operation == .write:
            "The controller is not enabled there: 'cgexec-pool doctor' says which one and why"
        default: nil
        }
    }
}

/// A host that cannot enforce what was asked: every reason, with its cure.
public struct HostUnfit: Error, Hashable, Sendable, CustomStringConvertible {
    /// One thing that is missing.
    public struct Reason: Hashable, Sendable, CustomStringConvertible {
        /// What cannot be done, such as `memory`.
        public var what: String
        /// Why.
        public var cause: String
        /// What to do about it.
        public var cure: String
        /// Whether best effort would go on without it; not where it would take from others what is theirs.
        package var isLeftOutByBestEffort = true

        init(what: String, cause: String, cure: String) {
            self.what = what
            self.cause = cause
            self.cure = cure
        }

        /// The value as a text for people.
        public var description: String { "cannot enforce \(what): \(cause). \(cure)" }
    }

    /// Everything that is missing.
    public var reasons: [Reason]

    init(_ reasons: [Reason]) { self.reasons = reasons }

    init(_ what: String, cause: String, cure: String) {
        reasons = [Reason(what: what, cause: cause, cure: cure)]
    }

    /// The value as a text for people.
    public var description: String {
        reasons.map(\.description).joined(separator: "\n")
    }
}
