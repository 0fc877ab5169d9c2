import CGExec
import Glibc

/// Starting over in a scope that systemd delegates to us.
enum Scope {
    /// Replaces this process by itself under `systemd-run`; returns only where that is not possible.
    static func restart(isRoot: Bool) {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &path, path.count)
        guard length > 0 else { return }
        let program = String(decoding: path[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
        let command = Location.scopeCommand(isRoot: isRoot, [program])
        setenv(Subtree.scopeVariable, "\(getpid())", 1)
        // Ours as they came: as texts, bytes that are not UTF-8 would be replaced.
        var arguments = command.map { strdup($0) }
        for index in 1..<max(1, Int(CommandLine.argc)) { arguments.append(CommandLine.unsafeArgv[index]) }
        arguments.append(nil)
        execvp(command[0], &arguments)
        unsetenv(Subtree.scopeVariable)
    }
}
