import Glibc
import SystemPackage

/// Writing to people.
enum Terminal {
    /// Puts `/dev/null` where a standard stream is closed: else a descriptor of ours would get that number, and a
    /// message meant for people would be written into it. The programs that we start still find it closed.
    static func occupyClosedStreams() {
        for stream: Int32 in 0...2 where fcntl(stream, F_GETFD) == -1 {
            _ = open("/dev/null", O_RDWR | O_CLOEXEC)
        }
    }

    /// Writes a text to standard error; what nobody can read is lost without harm.
    static func complain(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll((text + "\n").utf8)
    }

    /// Writes a text to standard output.
    static func say(_ text: String) {
        _ = try? FileDescriptor.standardOutput.writeAll((text + "\n").utf8)
    }

    /// Whether standard error goes to a person.
    static var isInteractive: Bool { isatty(2) == 1 }
}

extension StringProtocol {
    /// A text of others as it may stand among ours: without characters that move the cursor.
    var harmless: String {
        var text = ""
        text.unicodeScalars.append(
            contentsOf: unicodeScalars.map { scalar in
                scalar.properties.generalCategory == .control && scalar != "\t" ? "\u{FFFD}" : scalar
            })
        return text
    }
}

/// The exit statuses that are ours, after GNU timeout and env, and sysexits.h for 69.
enum ExitStatus {
    static let ok: Int32 = 0
    static let jobFailed: Int32 = 1
    static let usage: Int32 = 2
    static let hostUnfit: Int32 = 69
    static let timeout: Int32 = 124
    static let failed: Int32 = 125
    static let cannotExecute: Int32 = 126
    static let notFound: Int32 = 127
    static let interrupted: Int32 = 130
    static let killedForMemory: Int32 = 137
}
