/// Which known word somebody meant who wrote `word`: what other tools call so, or one at most two slips of the finger
/// away.
///
/// A slip is a letter added, left out, exchanged or swapped with its neighbour. Capitals and `_` for `-` are no slips.
/// In words of up to four letters one slip is the most, and in a single letter none, or every short word would resemble
/// every other.
func closest(to word: String, among known: some Sequence<String>) -> String? {
    if let synonym = synonym(of: word, among: known) { return synonym }
    let written = normalised(word)
    let most = written.count < 2 ? 0 : written.count <= 4 ? 1 : 2
    return known.map { (word: $0, distance: slips(written, normalised($0), atMost: most)) }
        .filter { $0.distance <= most }
        .min { $0.distance < $1.distance }?.word
}

/// What other tools call it, in their files and options.
private let synonyms = [
    "command": ["cmd", "argv", "args", "exec", "run"], "cwd": ["dir", "directory", "workdir", "working-directory"],
    "env": ["environment", "variables"], "memory": ["mem", "ram", "memory-limit", "memlimit"],
    "budget": ["memory", "mem"],
    "cpus": ["cores", "threads"], "timeout": ["time", "walltime", "time-limit", "timelimit"],
    "cpu-timeout": ["cputime", "cpu-time"], "retries": ["retry"],
    "after": ["depends", "depends-on", "needs", "requires"],
    "sweep": ["matrix", "parameters", "params"], "jobs": ["workers", "parallel", "max-jobs", "tasks", "commands"],
]

private func synonym(of word: String, among known: some Sequence<String>) -> String? {
    let written = String(decoding: normalised(word), as: UTF8.self)
    return known.first { synonyms[$0]?.contains(written) ?? false }
}

private func normalised(_ word: String) -> [UInt8] {
    word.utf8.map { byte in
        switch byte {
        case UInt8(ascii: "_"): UInt8(ascii: "-")
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
        default: byte
        }
    }
}

/// The distance of Damerau and Levenshtein in its restricted form; `most + 1` as soon as the lengths alone exceed it.
private func slips(_ left: [UInt8], _ right: [UInt8], atMost most: Int) -> Int {
    guard abs(left.count - right.count) <= most else { return most + 1 }
    guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in 1...left.count {
        var current = [row]
        for column in 1...right.count {
            let same = left[row - 1] == right[column - 1]
            var least = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (same ? 0 : 1))
            if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                least = min(least, beforeLast[column - 2] + 1)
            }
            current.append(least)
        }
        (beforeLast, last) = (last, current)
    }
    return last[right.count]
}
