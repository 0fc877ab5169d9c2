/// When a job has been repeated often enough: as soon as the mean is known as exactly as was asked for, but not before a
/// least number of runs and not after a greatest.
///
/// To look after each run, and to stop when the figures happen to agree, makes the interval a little too narrow. That is
/// why there is a least number of runs: ten, as in hyperfine. Of 4,000 seeded series of normal and log-normal figures the
/// interval that says 95 % held for 95 % at a noise of 0.5 %, where ten runs are always enough, and for 93 % at 5 %, where
/// 24 are; `AdaptiveTests` hold it to 92 %.
package struct Adaptive: Sendable, Hashable {
    /// What to do after some runs.
    package enum Decision: Sendable, Hashable {
        /// Another run.
        case again
        /// The mean is known as exactly as was asked for.
        case precise
        /// The greatest number of runs was reached before.
        case most
    }

    /// How far the mean may be off, as a part of it: 0.02 for ± 2 %.
    package var relativeHalfWidth = 0.02
    /// The part of cases in which it is to be no further off.
    package var confidence = 0.95
    /// The least number of runs.
    package var least = 10
    /// The greatest number of runs.
    package var most = 100

    package init() {}

    /// What to do when these are all figures so far; those of runs that failed or warmed up are none.
    package func decision(after figures: [Double]) -> Decision {
        if figures.count >= Swift.max(least, 2), let statistics = Statistics(figures),
            let half = statistics.halfWidth(confidence: confidence),
            half <= relativeHalfWidth * statistics.mean.magnitude
        {
            return .precise
        }
        return figures.count >= most ? .most : .again
    }
}
