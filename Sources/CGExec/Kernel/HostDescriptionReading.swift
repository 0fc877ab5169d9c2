extension Host {
    /// What explains figures that were measured here.
    static func description() -> HostDescription {
        var host = HostDescription(name: name(), kernel: kernelRelease(), cpus: allowedCPUs())
        host.system = value("PRETTY_NAME", in: readFile("/etc/os-release"), separator: "=")
            .map { $0.trimmingQuotes }
        host.processor = value("model name", in: readFile("/proc/cpuinfo"), separator: ":")
        host.memoryBytes = totalMemory()?.bytes
        return host
    }

    /// What stands behind a name at the start of a line.
    private static func value(_ name: String, in text: String?, separator: Character) -> String? {
        for line in (text ?? "").split(separator: "\n") {
            let parts = line.split(separator: separator, maxSplits: 1)
            guard parts.count == 2, parts[0].trimmingBlanks == name else { continue }
            let value = parts[1].trimmingBlanks
            return value.isEmpty ? nil : value
        }
        return nil
    }
}

extension StringProtocol {
    fileprivate var trimmingBlanks: String {
        let start = drop { $0 == " " || $0 == "\t" }
        return String(
            start.prefix(upTo: start.lastIndex { $0 != " " && $0 != "\t" }.map(start.index(after:)) ?? start.startIndex)
        )
    }

    /// os-release(5): values may stand in quotes.
    fileprivate var trimmingQuotes: String {
        count >= 2 && first == "\"" && last == "\"" ? String(dropFirst().dropLast()) : String(self)
    }
}
