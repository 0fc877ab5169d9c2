import CGExec

extension ReportData {
    /// The jobs' results with a name for each that no other has: readers of test results and of tables take what has the
    /// same name for the same.
    var namedResults: [(name: String, record: Record)] {
        let results = results
        var taken = Set<String>()
        var numbers: [String: Int] = [:]
        return results.map { record in
            let label = record.label
            var name = label
            while !taken.insert(name).inserted {
                let number = numbers[label, default: 1] + 1
                numbers[label] = number
                name = "\(label) (\(number))"
            }
            return (name, record)
        }
    }
}

extension Record {
    /// Its name, and which repetition it is.
    var label: String {
        switch (`repeat`, warmup) {
        case (let number?, true): "\(name) warm-up \(number)"
        case (nil, true): "\(name) warm-up"
        case (let number?, _): "\(name) #\(number)"
        default: name
        }
    }
}
