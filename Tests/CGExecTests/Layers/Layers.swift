/// The rules of who may see whom, checked on the sources' texts.
struct Layers {
    /// The texts of each folder of `Sources/CGExec`, by path.
    var folders: [String: [String: SourceText]]
    /// The texts of the command line, by path.
    var command: [String: SourceText]

    /// What each folder may import; nil is anything.
    private static let imports: [String: Set<String>?] = [
        "Model": [], "Scheduler": ["BitCollections", "DequeModule", "HeapModule", "OrderedCollections"], "Kernel": nil,
        "Pool": nil,
    ]
    /// Imports that one file has a reason for.
    private static let exceptions: [String: Set<String>] = [
        "Model/Comparison.swift": ["Glibc"],  // log and exp
        "Model/RecordJSON.swift": ["FoundationEssentials"],
        "Model/StudentT.swift": ["Glibc"],  // exp and log1p
        "cgexec-pool/Exec/JobControl.swift": ["CLinux"],  // waitid for stopped children
    ]
    /// Whose types each folder must not name.
    private static let unseen = [
        "Model": ["Scheduler", "Kernel", "Pool"], "Scheduler": ["Kernel", "Pool"], "Kernel": ["Scheduler", "Pool"],
    ]
    private static let cModules: Set<String> = ["CLinux", "CHwloc", "CSeccomp", "CCap"]

    /// Every breach as `file: what`.
    var violations: [String] {
        var violations: [String] = []
        for (folder, files) in folders {
            guard let allowed = Self.imports[folder] else {
                violations.append("\(folder): no layer of this name is known")
                continue
            }
            var foreign: [String: String] = [:]
            for other in Self.unseen[folder] ?? [] {
                for type in (folders[other] ?? [:]).values.flatMap(\.declaredTypes) { foreign[type] = other }
            }
            for (file, text) in files {
                if let allowed {
                    let extra = text.imports.subtracting(allowed).subtracting(Self.exceptions[file] ?? [])
                    violations += extra.map { "\(file): imports \($0)" }
                }
                violations += text.names.compactMap { name in
                    foreign[name].map { "\(file): names \(name) of \($0)" }
                }
            }
        }
        for (file, text) in command {
            let extra = text.imports.intersection(Self.cModules).subtracting(Self.exceptions[file] ?? [])
            violations += extra.map { "\(file): imports \($0)" }
        }
        return violations.sorted()
    }
}
