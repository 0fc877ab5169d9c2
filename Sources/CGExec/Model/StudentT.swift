import Glibc

/// Student's t distribution, which tells how far the mean of a few figures may be from the truth.
package struct StudentT: Sendable, Hashable {
    /// Any number above 0: Welch's test has fractions.
    package let degreesOfFreedom: Double
    /// As many of them as the continued fraction is good for: with more it takes √ν steps, and digits get lost.
    private let reachable: Double
    /// Γ((ν+1)/2) / Γ(ν/2), by which the density and the tail are scaled.
    private let gammaRatio: Double

    /// Nil where there are none, as where nothing varied.
    package init?(degreesOfFreedom: Double) {
        guard degreesOfFreedom > 0 else { return nil }
        self.degreesOfFreedom = degreesOfFreedom
        reachable = min(degreesOfFreedom, 1e6)
        gammaRatio = Self.gammaRatio(reachable / 2)
    }

    /// The value below which a part of all lies: infinite for 0 and 1, and not a number outside of these.
    package func quantile(_ part: Double) -> Double {
        guard part > 0, part < 1 else { return part == 0 ? -.infinity : part == 1 ? .infinity : .nan }
        let outside = min(part, 1 - part)
        // The tail is convex, so from the middle Newton's steps only ever go outwards and never pass the value.
        var value = 0.0
        while true {
            let step = (tail(from: value) - outside) / density(at: value)
            guard step > 0, step.isFinite else { break }
            value += step
            // Each step squares the relative error.
            if step < 1e-10 * value { break }
        }
        // t is above the normal distribution's z by about (z³ + z) / 4ν (Abramowitz and Stegun, 26.7.5).
        value += (value * value * value + value) / 4 * (1 / degreesOfFreedom - 1 / reachable)
        return part < 0.5 ? -value : value
    }

    /// The part that lies above a value that is not negative: half of the incomplete beta function I(ν/2, 1/2) at
    /// ν / (ν + t²) (Abramowitz and Stegun, 26.7.1 and 26.5.27).
    func tail(from value: Double) -> Double {
        let (first, second) = (reachable / 2, 0.5)
        let square = value * value
        let inner = reachable / (reachable + square)
        let outer = square / (reachable + square)
        guard outer > 0 else { return 0.5 }
        let front =
            gammaRatio / Double.pi.squareRoot() * outer.squareRoot() * exp(-first * log1p(square / reachable))
        // The fraction converges fast on this side of the mean, its mirror image on the other.
        return inner < (first + 1) / (first + second + 2)
            ? front * Self.continuedFraction(first, second, inner) / first / 2
            : 0.5 - front * Self.continuedFraction(second, first, outer) / second / 2
    }

    private func density(at value: Double) -> Double {
        gammaRatio / (reachable * Double.pi).squareRoot()
            * exp(-(reachable + 1) / 2 * log1p(value * value / reachable))
    }

    /// The continued fraction of the incomplete beta function (DLMF 8.17.22), evaluated as Lentz does (Numerical Recipes,
    /// 6.4): its numerators come in pairs.
    private static func continuedFraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
        func kept(_ value: Double) -> Double { value.magnitude < 1e-300 ? 1e-300 : value }
        var numerator = 1.0
        var denominator = 1 / kept(1 - (a + b) * x / (a + 1))
        var value = denominator
        var step = 1.0
        while true {
            let even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
            let odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
            var change = 1.0
            for term in [even, odd] {
                denominator = 1 / kept(1 + term * denominator)
                numerator = kept(1 + term / numerator)
                change = denominator * numerator
                value *= change
            }
            // The bound is for a last digit that rounding keeps moving: √a steps are enough, so 1,000 or so.
            if (change - 1).magnitude < 1e-15 || step > 1e4 { return value }
            step += 1
        }
    }

    /// Γ(a + 1/2) / Γ(a): by the series for large a (DLMF 5.11.13, here of its logarithm, to 1e-14 from 40 on), to which
    /// Γ(a + 1) = a Γ(a) leads from below. The difference of two logarithms of Γ would lose digits.
    private static func gammaRatio(_ argument: Double) -> Double {
        var a = argument
        var factor = 1.0
        while a < 40 {
            factor *= a / (a + 0.5)
            a += 1
        }
        let cube = a * a * a
        return factor * a.squareRoot() * exp(-1 / (8 * a) + 1 / (192 * cube) - 1 / (640 * cube * a * a))
    }
}
