/// A program as it is now: by its contents, since what a program needs may change whenever it is built anew.
package struct ProgramVersion: Hashable, Sendable, Codable {
    /// Where it was found.
    package var path: String
    /// FNV-1a of its contents.
    package var digest: String

    /// A program and the digest of its contents.
    package init(path: String, digest: String) {
        self.path = path
        self.digest = digest
    }
}
