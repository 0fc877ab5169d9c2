import Glibc
import Support

/// Figures as runs of one program give them: around a true one, with noise in proportion to it.
enum Noise: String, CaseIterable, Sendable {
    case normal
    case logNormal
    /// One in ten is ten times as far off, to either side.
    case heavyTailed
    /// One in ten is slower, by ten times the usual noise in the mean, as when something else ran.
    case interrupted

    /// So many figures around `truth`; without the rare ones their standard deviation is `deviation` as a part of it.
    func figures(_ count: Int, around truth: Double, deviation: Double, _ generator: inout SeededGenerator) -> [Double]
    {
        (0..<count).map { _ in
            let usual = deviation * Self.normal(&generator)
            let isRare = Double.random(in: 0..<1, using: &generator) < 0.1
            return switch self {
            case .normal: truth * (1 + usual)
            case .logNormal: truth * exp(usual)
            case .heavyTailed: truth * (1 + (isRare ? 10 * usual : usual)).magnitude
            case .interrupted:
                truth * (1 + usual - (isRare ? 10 * deviation * log(.random(in: 1e-12...1, using: &generator)) : 0))
            }
        }
    }

    /// A standard normal figure (Box and Muller, 1958).
    private static func normal(_ generator: inout SeededGenerator) -> Double {
        let radius = (-2 * log(Double.random(in: 1e-300...1, using: &generator))).squareRoot()
        return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &generator))
    }
}
