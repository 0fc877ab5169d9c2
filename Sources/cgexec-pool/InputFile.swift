import ArgumentParser
import SystemPackage

/// Reading a file that was named on the command line.
enum InputFile {
    /// All of it; `-` is standard input. Says on standard error why not, and what the file is for.
    static func bytes(of file: String, as purpose: String) throws(ExitCode) -> [UInt8] {
        do {
            let descriptor = file == "-" ? FileDescriptor.standardInput : try FileDescriptor.open(file, .readOnly)
            defer { if file != "-" { try? descriptor.close() } }
            var bytes: [UInt8] = []
            while true {
                let chunk = try [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
                    count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
                if chunk.isEmpty { return bytes }
                bytes += chunk
            }
        } catch {
            Terminal.complain("cgexec-pool: cannot read the \(purpose) \(file): \(error)")
            throw ExitCode(ExitStatus.usage)
        }
    }
}
