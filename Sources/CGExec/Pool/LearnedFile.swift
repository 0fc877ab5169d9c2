import FoundationEssentials
import Glibc

/// The file in which what was learned outlives a pool: JSON, for one version of this form.
///
/// Always replaced as a whole, so that whoever reads it sees one state; who replaces it holds a lock on a file beside it,
/// reads it again and changes that, so that what others have added stays.
package struct LearnedFile: Sendable {
    /// Where it is: an absolute path without links.
    package let path: String
    /// How long others may keep it locked.
    private let patience: Duration

    /// The file at a path; it need not be there. What a program does to its working directory later makes no difference.
    package init(_ path: String, patience: Duration = .seconds(2)) {
        self.path = Self.resolved(path)
        self.patience = patience
    }

    /// What is in it; nothing when it is missing or empty.
    package func read() throws(LearnedFileError) -> LearnedNeeds {
        try decoded(LearnedFolder.contents(of: path, as: path))
    }

    /// Replaces what is in it by what `change` makes of it.
    package func update(_ change: (inout LearnedNeeds) -> Void) throws(LearnedFileError) {
        let folder = try LearnedFolder(of: path)
        let lock = try folder.lock(for: patience)
        defer { withExtendedLifetime(lock) {} }
        var needs = try decoded(folder.contents())
        change(&needs)
        try folder.replace(with: encoded(needs) + "\n")
    }

    /// Makes sure that `update` can do its work, unless others keep the lock.
    package func checkWritable() throws(LearnedFileError) { try LearnedFolder(of: path).checkWritable() }

    // MARK: Steps

    /// Without links, even where the last one leads to nothing yet: the file is replaced, and the link is to stay.
    private static func resolved(_ path: String) -> String {
        var path = path
        if !path.hasPrefix("/"), let here = real(".") { path = here + "/" + path }
        // So many does the kernel follow (path_resolution(7)).
        for _ in 0..<40 {
            if let real = real(path) { return real }
            guard let target = target(ofLink: path) else { break }
            path = target.hasPrefix("/") ? target : LearnedFolder.split(path).folder + "/" + target
        }
        let (folder, name) = LearnedFolder.split(path)
        return real(folder).map { $0 == "/" ? "/" + name : $0 + "/" + name } ?? path
    }

    private static func real(_ path: String) -> String? {
        let real = realpath(path, nil)
        defer { free(real) }
        return real.map { String(cString: $0) }
    }

    private static func target(ofLink path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }

    private struct Version: Decodable {
        var version: Int
    }

    private func decoded(_ text: String?) throws(LearnedFileError) -> LearnedNeeds {
        guard let text, !text.isEmpty else { return LearnedNeeds() }
        let data = Data(text.utf8)
        let decoder = JSONDecoder()
        do {
            let version = try decoder.decode(Version.self, from: data).version
            guard version == LearnedNeeds.version else { throw LearnedFileError(path, .version(version)) }
            let needs = try decoder.decode(LearnedNeeds.self, from: data)
            if let damage = needs.damage { throw LearnedFileError(path, .damaged(damage)) }
            return needs
        } catch let error as LearnedFileError {
            throw error
        } catch {
            throw LearnedFileError(path, .damaged(Self.summary(of: error)))
        }
    }

    private func encoded(_ needs: LearnedNeeds) throws(LearnedFileError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(needs), as: UTF8.self)
        } catch {
            throw LearnedFileError(path, .damaged(Self.summary(of: error)))
        }
    }

    private static func summary(of error: any Error) -> String {
        let context: DecodingError.Context
        switch error {
        case DecodingError.keyNotFound(let key, let its):
            let keys = (its.codingPath + [key]).map(\.stringValue).joined(separator: ".")
            return "the key \(keys) is missing"
        case DecodingError.dataCorrupted(let its): context = its
        case DecodingError.typeMismatch(_, let its), DecodingError.valueNotFound(_, let its): context = its
        default: return "\(error)"
        }
        let keys = context.codingPath.map(\.stringValue).joined(separator: ".")
        return keys.isEmpty ? "it is not JSON of this form" : "\(keys): \(context.debugDescription)"
    }
}
