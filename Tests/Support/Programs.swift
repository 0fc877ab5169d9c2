import Glibc

/// The programs under test and those that help to test, as `make build` leaves them.
package enum Programs {
    /// `cgexec-probe`, static where there is a choice: its libraries would count as the job's page cache.
    package static func probe() throws -> String {
        try find("cgexec-probe", variable: "CGEXEC_PROBE", in: ["release", "debug"])
    }

    /// `cgexec-pool`, as the tests were built, so that both are of one source.
    package static func pool() throws -> String {
        try find("cgexec-pool", variable: "CGEXEC_POOL", in: ["debug", "release"])
    }

    /// The server of a file system that hangs.
    package static func hungFileSystem() throws -> String {
        try find("HungFileSystem", variable: "CGEXEC_HUNG_FS", in: ["debug", "release"])
    }

    /// A program with a pool in it.
    package static func poolHost() throws -> String {
        try find("PoolHost", variable: "CGEXEC_POOL_HOST", in: ["debug", "release"])
    }

    /// The example that shows PyExPool's steps.
    package static func pyExPoolSteps() throws -> String {
        try find("pyexpool-steps", variable: "CGEXEC_PYEXPOOL_STEPS", in: ["debug", "release"])
    }

    /// BenchExec's table-generator, where `make test-deps` puts it; whether it is there, or not.
    package static var tableGenerator: String {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        let caches = variable("XDG_CACHE_HOME") ?? (variable("HOME") ?? "") + "/.cache"
        return (variable("CGEXEC_CACHE") ?? caches + "/cgexec") + "/benchexec/bin/table-generator"
    }

    /// A file of the repository.
    package static func source(_ path: String) -> String {
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/" + path
    }

    /// The command line of a probe.
    package static func probe(_ arguments: String...) throws -> [String] { [try probe()] + arguments }

    /// The command line that runs `command` under `cgexec-pool exec`.
    package static func exec(_ options: [String] = [], _ command: [String]) throws -> [String] {
        try [pool(), "exec"] + options + ["--"] + command
    }

    private static func find(_ name: String, variable: String, in folders: [String]) throws -> String {
        if let path = getenv(variable).map({ String(cString: $0) }) {
            guard access(path, X_OK) == 0 else { throw Missing(description: "\(variable)=\(path) cannot be executed") }
            return path
        }
        let repository = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        for folder in folders {
            let path = "/\(repository)/.build/\(folder)/\(name)"
            if access(path, X_OK) == 0 { return path }
        }
        throw Missing(description: "\(name) is not built: run 'make build'")
    }

    private struct Missing: Error, CustomStringConvertible {
        let description: String
    }
}
