/// A place in a job file. Lines and columns count from 1, columns in Unicode scalars, as libyaml counts them.
struct Position: Hashable, Comparable, Sendable {
    var line: Int
    var column: Int

    static let start = Position(line: 1, column: 1)

    static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A position together with the keys that lead there, such as `jobs[3].memory`.
struct Place: Hashable, Sendable {
    var position: Position
    var path: String
}

/// A value and where it was written.
struct Located<Value: Sendable>: Sendable {
    var value: Value
    var place: Place
}

/// One thing wrong with a job file: where, what, and what to do about it.
struct Problem: Error, Hashable, Sendable {
    var place: Place
    var message: String

    init(_ place: Place, _ message: String) {
        self.place = place
        self.message = message
    }

    /// A problem of the text itself, which has no keys yet.
    init(_ position: Position, _ message: String) {
        self.init(Place(position: position, path: ""), message)
    }
}

/// Everything wrong with a job file, in the order of the file.
struct Problems: Error, Hashable, Sendable, CustomStringConvertible {
    var file: String
    var list: [Problem]

    init(file: String, _ list: [Problem]) {
        self.file = file
        // Two problems of one position stay in the order in which they were found; `sort` does not promise that.
        self.list = list.enumerated().sorted {
            ($0.element.place.position, $0.offset) < ($1.element.place.position, $1.offset)
        }.map(\.element)
    }

    /// One line a problem in the form of compilers, `FILE:LINE:COLUMN: message`, so that editors can follow it.
    var description: String {
        let shown = file == "-" ? "<stdin>" : file
        let lines = list.map { problem in
            let place = problem.place
            let keys = place.path.isEmpty ? "" : "\(place.path): "
            return "\(shown):\(place.position.line):\(place.position.column): \(keys)\(problem.message)"
        }
        let count = list.count == 1 ? "1 problem" : "\(list.count) problems"
        return (lines + ["\(count); nothing was started"]).joined(separator: "\n")
    }
}

/// Problems that a sweep or the defaults repeat in many jobs: the first of each kind is kept, the others are counted.
struct RepeatedProblems {
    private struct Key: Hashable {
        var place: Place
        var kind: String
    }

    private var first: [(problem: Problem, key: Key)] = []
    private var counts: [Key: Int] = [:]

    mutating func add(_ kind: String, _ place: Place, _ message: @autoclosure () -> String) {
        let key = Key(place: place, kind: kind)
        if counts[key, default: 0] == 0 { first.append((Problem(place, message()), key)) }
        counts[key, default: 0] += 1
    }

    var list: [Problem] {
        first.map { problem, key in
            let others = counts[key, default: 1] - 1
            guard others > 0 else { return problem }
            return Problem(
                problem.place, problem.message + " (and the same in \(others) more \(others == 1 ? "job" : "jobs"))")
        }
    }
}

/// A text from the file as it may stand in a message: short, on one line, without characters that move the cursor.
func excerpt(_ text: String) -> String {
    let longest = 60
    var result = ""
    for scalar in text.unicodeScalars.prefix(longest) {
        if scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format {
            result += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return text.unicodeScalars.count > longest ? result + "…" : result
}
