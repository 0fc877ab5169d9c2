import ArgumentParser

/// When a run went well.
enum Acceptance: ExpressibleByArgument {
    /// All jobs did.
    case all
    /// One of them did.
    case any
    /// So large a part of them did.
    case fraction(Double)

    init?(argument: String) {
        switch argument {
        case "all": self = .all
        case "any": self = .any
        default:
            guard argument.hasPrefix("percent:"), let percent = Double(argument.dropFirst("percent:".count)),
                percent > 0, percent <= 100
            else { return nil }
            self = .fraction(percent / 100)
        }
    }

    func accepts(_ successes: Int, of total: Int) -> Bool {
        switch self {
        case .all: successes == total
        case .any: successes > 0
        case .fraction(let fraction): Double(successes) >= fraction * Double(total)
        }
    }
}
