import Glibc

/// A mounted file system of one program that cannot be opened: who tries waits until `release`.
package final class HungFileSystem {
    package enum Manner: String, Sendable {
        /// Who waits can be killed, as with a server that is stopped.
        case ignore
        /// Who waits cannot even be killed, as with a server that took the request and is lost.
        case swallow
    }

    /// The path of the program.
    package var program: String { directory.path + "/program" }

    private let directory: ScratchDirectory
    private let server: Child

    package init(_ manner: Manner) throws {
        directory = try ScratchDirectory()
        server = try Child([Programs.hungFileSystem(), directory.path, manner.rawValue])
        guard try server.line() == "ready" else { throw Trouble("the hung file system was not mounted") }
    }

    deinit {
        server.signal(SIGKILL)
        _ = try? server.wait()
        umount2(directory.path, Int32(MNT_DETACH))
    }

    /// Waits until somebody asked for the program.
    package func waitUntilAsked() throws {
        guard try server.line() == "hanging" else { throw Trouble("the hung file system said something else") }
    }

    /// Ends the server: who waits gets an error.
    package func release() { server.signal(SIGTERM) }
}
