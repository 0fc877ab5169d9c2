import SystemPackage

/// Where `exec` puts the record, in one form or another: opened before the program starts, so that nothing runs whose record would be
/// lost, and written when it has ended.
struct RecordFile {
    private let name: String
    private let descriptor: FileDescriptor

    /// Opens a file, or standard error for `-`.
    init(_ name: String) throws {
        self.name = name
        guard name != "-" else {
            descriptor = .standardError
            return
        }
        do {
            // Not emptied yet: an earlier record is worth more than none, should this job be refused.
            descriptor = try FileDescriptor.open(
                FilePath(name), .writeOnly, options: [.create, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        } catch {
            throw Failure(description: "cannot write the record to \(name): \(error)")
        }
    }

    /// Writes the record, in place of what was there.
    func write(_ text: String) throws {
        do {
            // What cannot be emptied, such as a pipe, has nothing to be replaced.
            if name != "-" { try? descriptor.resize(to: 0) }
            _ = try descriptor.writeAll(text.utf8)
        } catch {
            throw Failure(description: "cannot write the record to \(name): \(error)")
        }
    }

    private struct Failure: Error, CustomStringConvertible {
        var description: String
    }
}
