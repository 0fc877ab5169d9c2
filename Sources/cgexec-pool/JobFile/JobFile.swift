import CGExec

/// A job file's content: how to set the pool up, and what to run.
struct JobFile: Sendable {
    /// The file's name, for messages; `-` is standard input.
    var name: String
    /// Of the `pool:` mapping; options of the command line win over it.
    var pool = PoolConfiguration()
    /// In the order of the file; a sweep's jobs in the order of its values.
    var jobs: [PlannedJob] = []
    /// Of the `groups:` mapping, by their paths.
    var groups: [String: GroupOptions] = [:]
    /// The indices of `jobs` in an order in which each comes after what it waits for.
    var order: [Int] = []
    /// Who is told of the run.
    var notify: [NotifyRule] = []
    /// In which order repeated jobs run.
    var repeatOrder = RepeatOrder.interleaved

    /// What is said of a group.
    struct GroupOptions: Sendable {
        var place: Place
        /// The longest time from the first start in it to its end.
        var timeout: Duration?
    }

    /// What reading gave: the jobs that could be made, and everything that is wrong.
    struct Reading: Sendable {
        var file: JobFile
        var problems: [Problem]

        /// The file, if nothing is wrong with it and nothing speaks against it on this host.
        ///
        /// - Throws: all problems of the text and of the host together, so that nobody has to come twice.
        func checked(by preflight: Preflight? = nil) throws(Problems) -> JobFile {
            let all = problems + (preflight?.problems(of: file) ?? [])
            guard all.isEmpty else { throw Problems(file: file.name, all) }
            return file
        }
    }

    /// Reads a job file.
    ///
    /// - Parameters:
    ///   - bytes: what stands in the file.
    ///   - name: the file's name; `-` is standard input.
    ///   - format: how it is written; by extension or content when nil.
    ///   - glob: the paths that match a pattern, for sweeps over files.
    static func read(
        _ bytes: some Collection<UInt8>, name: String, format: JobFileFormat? = nil,
        glob: @escaping Glob.Function = Glob.paths(matching:)
    ) -> Reading {
        let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : Array(bytes)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let valid = String(decoding: bytes, as: UTF8.self).prefix { $0 != "\u{FFFD}" }
            let lastLine = valid.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
            let position = Position(
                line: valid.utf8.count { $0 == UInt8(ascii: "\n") } + 1, column: lastLine.unicodeScalars.count + 1)
            return Reading(file: JobFile(name: name), problems: [Problem(position, "not UTF-8 from here on")])
        }
        return read(text, name: name, format: format, glob: glob)
    }

    /// Reads a job file that is already text.
    static func read(
        _ text: String, name: String, format: JobFileFormat? = nil,
        glob: @escaping Glob.Function = Glob.paths(matching:)
    ) -> Reading {
        var reader = JobFileReader(name: name, glob: glob)
        reader.read(text, format: format ?? JobFileFormat(of: name, text: text))
        return Reading(file: reader.file, problems: reader.problems)
    }
}

/// A job, where it stands in the file, and what is still open until an attempt of it starts.
struct PlannedJob: Sendable {
    /// The job; `{slot}` and `{attempt}` still stand in it as text.
    var job: Job
    /// The job's number in the file, from 1.
    var seq: Int
    /// What the job was made from.
    var pattern: JobPattern
    /// The path of the group it is in, `outer/inner`.
    var group: String?
    /// How often it runs.
    var repeats = RepeatRule()
    /// The names of what it comes after.
    var after: [Located<String>] = []

    /// The paths of all groups it is in, from the outside in.
    var groups: [String] {
        guard let group else { return [] }
        let parts = group.split(separator: "/")
        return parts.indices.map { parts[...$0].joined(separator: "/") }
    }
}
