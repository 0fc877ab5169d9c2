/// How a job file is written.
enum JobFileFormat: String, CaseIterable, Sendable {
    case yaml
    case json
    /// One JSON object a line, each a job.
    case jsonl

    /// The format by the file's extension; standard input (`-`) and other extensions are recognised by content.
    init(of file: String, text: String) {
        switch FilePathParts(file).fileExtension.lowercased() {
        case "yaml", "yml": self = .yaml
        case "json": self = .json
        case "jsonl", "ndjson": self = .jsonl
        default: self.init(detecting: text)
        }
    }

    /// JSONL when the first line is a whole JSON object with something below, or a job by itself; JSON when all of
    /// it is; else YAML.
    private init(detecting text: String) {
        let start = text.drop(while: \.isWhitespace)
        guard start.first == "{" || start.first == "[" else {
            self = .yaml
            return
        }
        // Not `split`: the file may have a million lines.
        let line = start.prefix { !$0.isNewline }
        let rest = start[line.endIndex...]
        if let node = try? JSONReader.read(String(line)), case .mapping(let entries) = node.content,
            !rest.allSatisfy(\.isWhitespace) || !entries.contains(where: { $0.key == "jobs" })
        {
            self = .jsonl
        } else {
            self = (try? JSONReader.read(text)) == nil ? .yaml : .json
        }
    }
}
