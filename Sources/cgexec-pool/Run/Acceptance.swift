/// When a run went well.
enum Acceptance {
    /// All jobs did.
    case all
    /// One of them did.
    case any
    /// So many in a hundred of them did.
    case percent(Double)

    /// Reads `all`, `any` or `percent:90`; nil for anything else.
    init?(argument: String) {
        switch argument {
        case "all": self = .all
        case "any": self = .any
        default:
            guard argument.hasPrefix("percent:"), let percent = Double(argument.dropFirst("percent:".count)),
                percent > 0, percent <= 100
            else { return nil }
            self = .percent(percent)
        }
    }

    func accepts(_ successes: Int, of total: Int) -> Bool {
        switch self {
        case .all: successes == total
        case .any: successes > 0
        case .percent(let percent): Double(successes) * 100 >= percent * Double(total)
        }
    }
}
