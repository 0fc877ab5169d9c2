/// A Swift source as far as layering is concerned: its imports, the types it declares, the names it uses.
struct SourceText {
    /// The modules that are imported.
    let imports: Set<String>
    /// The types that are declared at the top level: those that another file can name without naming their owner.
    let declaredTypes: Set<String>
    /// Every name in the code that is not a member of something, as `.name` and `Owner.name` are.
    let names: Set<String>

    init(_ text: String) {
        let lines = Self.stripped(text).split(separator: "\n")
        let isImport: (Substring) -> Bool = { $0.split(separator: " ").contains("import") }
        imports = Set(
            lines.filter(isImport).compactMap { line in
                line.split(separator: " ").last?.split(separator: ".").first.map(String.init)
            })
        let code = lines.filter { !isImport($0) }
        declaredTypes = Set(code.compactMap(Self.declaredType))
        names = Self.names(in: code.joined(separator: "\n"))
    }

    private static func declaredType(in line: Substring) -> String? {
        let keywords: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
        guard line.first != " " else { return nil }
        let words = line.split { !isPartOfName($0) }
        guard let position = words.firstIndex(where: keywords.contains), position + 1 < words.count,
            !words[..<position].contains("extension")
        else { return nil }
        return String(words[position + 1])
    }

    private static func names(in code: String) -> Set<String> {
        var names: Set<String> = []
        var name = ""
        var isMember = false
        var before: Character = " "
        for character in code + " " {
            if Self.isPartOfName(character) {
                if name.isEmpty { isMember = before == "." }
                name.append(character)
            } else {
                if !name.isEmpty && !isMember { names.insert(name) }
                name = ""
            }
            before = character
        }
        return names
    }

    private static func isPartOfName(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }

    private static func stripped(_ text: String) -> String {
        var result = ""
        var rest = Substring(text)
        while let character = rest.first {
            if rest.hasPrefix("//") {
                rest = rest.drop { $0 != "\n" }
            } else if rest.hasPrefix("/*") {
                rest.removeFirst(2)
                while !rest.isEmpty, !rest.hasPrefix("*/") { rest.removeFirst() }
                rest = rest.dropFirst(2)
            } else if rest.hasPrefix("\"\"\"") {
                rest.removeFirst(3)
                while !rest.isEmpty, !rest.hasPrefix("\"\"\"") { rest.removeFirst() }
                rest = rest.dropFirst(3)
            } else if character == "\"" {
                result += skipString(&rest)
            } else {
                result.append(character)
                rest.removeFirst()
            }
        }
        return result
    }

    /// Skips a string, and gives the code of its interpolations.
    private static func skipString(_ rest: inout Substring) -> String {
        var code = " "
        rest.removeFirst()
        while let character = rest.popFirst(), character != "\"" {
            guard character == "\\", let escaped = rest.popFirst(), escaped == "(" else { continue }
            var depth = 1
            while depth > 0, let inner = rest.first {
                if inner == "\"" {
                    code += skipString(&rest)
                    continue
                }
                depth += inner == "(" ? 1 : inner == ")" ? -1 : 0
                code.append(inner)
                rest.removeFirst()
            }
            code += " "
        }
        return code
    }
}
